//! The `[auth.limits]` table: bounds and times of the verification of tokens.

use outboard_auth::AuthLimits;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::amount::{Count, Interval, Size};
use super::super::check::{Check, minutes};
use super::super::setting::Setting;
use crate::diagnostics::{Code, Place};

/// Bounds and times of the verification of tokens.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(in crate::config) struct LimitsTable {
    /// Longest token, 1KiB to 64KiB. With 1KiB for the rest it has to fit into `limits.headers`.
    pub(in crate::config) token_bytes: Setting<Size>,
    /// How far the clocks of issuers may differ from this one, 0s to 5m.
    pub(in crate::config) skew: Setting<Interval>,
    /// Longest time that a token may be valid in all, 1m to 30d; one for longer is refused.
    pub(in crate::config) lifetime: Setting<Interval>,
    /// How far in the future a token may have been issued, 0s to 1h.
    pub(in crate::config) issued_ahead: Setting<Interval>,
    /// Longest subject and client id of a token, 64B to 8KiB.
    pub(in crate::config) identifier_bytes: Setting<Size>,
    /// Most verified tokens that are remembered, 1 to 1000000.
    pub(in crate::config) tokens: Setting<Count>,
    /// Longest time that a verified token is remembered, 0s to 1h.
    pub(in crate::config) cached_for: Setting<Interval>,
    /// Longest time that an issuer's word is remembered that a token is good, 0s to 1h.
    pub(in crate::config) introspected_for: Setting<Interval>,
    /// How long an issuer's word is remembered that a token is not good, 0s to 5m.
    pub(in crate::config) inactive_for: Setting<Interval>,
    /// Most questions about tokens to one issuer at a time, 1 to 10000.
    pub(in crate::config) introspections: Setting<Count>,
    /// Longest time that an issuer may take to answer, 100ms to 1m.
    pub(in crate::config) issuer_timeout: Setting<Interval>,
    /// Longest document of an issuer, 4KiB to 16MiB.
    pub(in crate::config) document_bytes: Setting<Size>,
    /// Most keys of one issuer that are used, 1 to 1000.
    pub(in crate::config) keys: Setting<Count>,
    /// How long keys are used before they are fetched again, where the issuer does not say, 10s to 30d.
    pub(in crate::config) keys_fresh_for: Setting<Interval>,
    /// Shortest time that an issuer can say for that, 1s to 1d.
    pub(in crate::config) keys_fresh_min: Setting<Interval>,
    /// Longest time that an issuer can say for that, at least `keys_fresh_min`, 10s to 30d.
    pub(in crate::config) keys_fresh_max: Setting<Interval>,
    /// How long keys are used on while they cannot be fetched again, 0s to 30d.
    pub(in crate::config) keys_stale_max: Setting<Interval>,
    /// Shortest time between two fetches of an issuer's keys because of a token with an unknown key, 1s to 1h. While there
    /// are no keys, an issuer that does not answer is asked again after 1s, 2s and so on, up to this.
    pub(in crate::config) keys_cool_down: Setting<Interval>,
}

impl LimitsTable {
    /// `headers` is how much of a request's head is let through.
    pub(in crate::config) fn check(&self, headers: &Setting<Size>, check: &mut Check<'_>) {
        let days = |days: u64| minutes(days * 24 * 60);
        let times = [
            (["auth", "limits", "skew"], &self.skew, Interval::seconds(0)..=minutes(5)),
            (["auth", "limits", "lifetime"], &self.lifetime, minutes(1)..=days(30)),
            (["auth", "limits", "issued_ahead"], &self.issued_ahead, Interval::seconds(0)..=minutes(60)),
            (["auth", "limits", "cached_for"], &self.cached_for, Interval::seconds(0)..=minutes(60)),
            (["auth", "limits", "introspected_for"], &self.introspected_for, Interval::seconds(0)..=minutes(60)),
            (["auth", "limits", "inactive_for"], &self.inactive_for, Interval::seconds(0)..=minutes(5)),
            (["auth", "limits", "issuer_timeout"], &self.issuer_timeout, Interval::millis(100)..=minutes(1)),
            (["auth", "limits", "keys_fresh_for"], &self.keys_fresh_for, Interval::seconds(10)..=days(30)),
            (["auth", "limits", "keys_fresh_min"], &self.keys_fresh_min, Interval::seconds(1)..=days(1)),
            (["auth", "limits", "keys_fresh_max"], &self.keys_fresh_max, Interval::seconds(10)..=days(30)),
            (["auth", "limits", "keys_stale_max"], &self.keys_stale_max, Interval::seconds(0)..=days(30)),
            (["auth", "limits", "keys_cool_down"], &self.keys_cool_down, Interval::seconds(1)..=minutes(60)),
        ];
        for (path, setting, range) in times {
            check.within(&path, setting, range);
        }
        check.within(&["auth", "limits", "token_bytes"], &self.token_bytes, Size::kib(1)..=Size::kib(64));
        check.within(&["auth", "limits", "identifier_bytes"], &self.identifier_bytes, Size(64)..=Size::kib(8));
        check.within(&["auth", "limits", "tokens"], &self.tokens, Count(1)..=Count(1_000_000));
        check.within(&["auth", "limits", "introspections"], &self.introspections, Count(1)..=Count(10_000));
        check.within(&["auth", "limits", "document_bytes"], &self.document_bytes, Size::kib(4)..=Size::mib(16));
        check.within(&["auth", "limits", "keys"], &self.keys, Count(1)..=Count(1_000));
        if self.keys_fresh_max.value < self.keys_fresh_min.value {
            let problem = format!("{} is shorter than `keys_fresh_min`", self.keys_fresh_max.value);
            let place = (&self.keys_fresh_max.place).max(&self.keys_fresh_min.place);
            check.refuse(Code::OutOfRange, place, &["auth", "limits", "keys_fresh_max"], &problem, None);
        }
        // Who only made heads smaller has made tokens smaller.
        let is_said = self.token_bytes.place != Place::Default;
        if is_said && self.token_bytes.value.0.saturating_add(HEAD_BYTES) > headers.value.0 {
            let problem = format!(
                "a token of {} does not get through `limits.headers` ({}), which takes {} for the rest of a head",
                self.token_bytes.value,
                headers.value,
                Size(HEAD_BYTES)
            );
            let fix = "make `limits.headers` larger or this smaller";
            let place = (&self.token_bytes.place).max(&headers.place);
            check.refuse(Code::OutOfRange, place, &["auth", "limits", "token_bytes"], &problem, Some(fix));
        }
    }

    pub(in crate::config) const fn effective(&self) -> AuthLimits {
        AuthLimits {
            token_bytes_max: self.token_bytes.value.0,
            skew: self.skew.value.0,
            lifetime_max: self.lifetime.value.0,
            issued_ahead_max: self.issued_ahead.value.0,
            identifier_bytes_max: self.identifier_bytes.value.0,
            cached_tokens_max: self.tokens.value.0,
            cached_for: self.cached_for.value.0,
            introspected_for: self.introspected_for.value.0,
            inactive_for: self.inactive_for.value.0,
            introspections_max: self.introspections.value.0,
            issuer_timeout: self.issuer_timeout.value.0,
            document_bytes_max: self.document_bytes.value.0,
            keys_max: self.keys.value.0,
            keys_fresh_for: self.keys_fresh_for.value.0,
            keys_fresh_min: self.keys_fresh_min.value.0,
            keys_fresh_max: self.keys_fresh_max.value.0,
            keys_stale_max: self.keys_stale_max.value.0,
            keys_cool_down: self.keys_cool_down.value.0,
        }
    }
}

/// What the head of a request has beside its token, and not much more: its first line and the other header fields.
const HEAD_BYTES: usize = 1 << 10;

impl Default for LimitsTable {
    fn default() -> Self {
        let limits = AuthLimits::default();
        Self {
            token_bytes: Setting::default_of(Size(limits.token_bytes_max)),
            skew: Setting::default_of(Interval(limits.skew)),
            lifetime: Setting::default_of(Interval(limits.lifetime_max)),
            issued_ahead: Setting::default_of(Interval(limits.issued_ahead_max)),
            identifier_bytes: Setting::default_of(Size(limits.identifier_bytes_max)),
            tokens: Setting::default_of(Count(limits.cached_tokens_max)),
            cached_for: Setting::default_of(Interval(limits.cached_for)),
            introspected_for: Setting::default_of(Interval(limits.introspected_for)),
            inactive_for: Setting::default_of(Interval(limits.inactive_for)),
            introspections: Setting::default_of(Count(limits.introspections_max)),
            issuer_timeout: Setting::default_of(Interval(limits.issuer_timeout)),
            document_bytes: Setting::default_of(Size(limits.document_bytes_max)),
            keys: Setting::default_of(Count(limits.keys_max)),
            keys_fresh_for: Setting::default_of(Interval(limits.keys_fresh_for)),
            keys_fresh_min: Setting::default_of(Interval(limits.keys_fresh_min)),
            keys_fresh_max: Setting::default_of(Interval(limits.keys_fresh_max)),
            keys_stale_max: Setting::default_of(Interval(limits.keys_stale_max)),
            keys_cool_down: Setting::default_of(Interval(limits.keys_cool_down)),
        }
    }
}
