//! The `[subscriptions]` table: the bounds of what waits for notifications, `subscriptions/listen` and GET streams.
//!
//! It is not called `[listen]`, because `listen` is the address.

use std::time::Duration;

use outboard_transport::{Authentication, HttpConfig, SubscriptionLimits};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::amount::{Count, Interval, Size};
use super::check::{Check, minutes};
use super::setting::Setting;

/// Streams of notifications and subscriptions to resources.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct SubscriptionsTable {
    /// How far back changes are told again to a `subscriptions/listen` that opens, 0s to 10m.
    pub(super) catch_up: Setting<Interval>,
    /// Most `subscriptions/listen` and GET streams that one principal may have open at a time, 1 to 10000.
    pub(super) streams: Setting<Count>,
    /// The same over all principals, 1 to 1000000.
    pub(super) streams_total: Setting<Count>,
    /// Most resources that one stream or session may subscribe to, 1 to 65535.
    pub(super) uris: Setting<Count>,
    /// Longest URI of a resource that is subscribed to, 64B to 32KiB.
    pub(super) uri_bytes: Setting<Size>,
}

/// The bounds of streams of notifications.
#[derive(Debug, Clone)]
pub(crate) struct Subscriptions {
    /// How far back changes are told again.
    pub(crate) catch_up: Duration,
    /// Most streams of one principal.
    pub(crate) streams: usize,
    /// Most streams of all.
    pub(crate) streams_total: usize,
    /// What one stream or session may subscribe to.
    pub(crate) limits: SubscriptionLimits,
}

impl SubscriptionsTable {
    pub(super) fn check(&self, check: &mut Check<'_>) {
        check.within(&["subscriptions", "catch_up"], &self.catch_up, Interval::seconds(0)..=minutes(10));
        check.within(&["subscriptions", "streams"], &self.streams, Count(1)..=Count(10_000));
        check.within(&["subscriptions", "streams_total"], &self.streams_total, Count(1)..=Count(1_000_000));
        // The store keeps no more of one session.
        check.within(&["subscriptions", "uris"], &self.uris, Count(1)..=Count(65_535));
        check.within(&["subscriptions", "uri_bytes"], &self.uri_bytes, Size(64)..=Size::kib(32));
    }

    pub(super) const fn effective(&self) -> Subscriptions {
        Subscriptions {
            catch_up: self.catch_up.value.0,
            streams: self.streams.value.0,
            streams_total: self.streams_total.value.0,
            limits: SubscriptionLimits { uris_max: self.uris.value.0, uri_bytes_max: self.uri_bytes.value.0 },
        }
    }
}

impl Default for SubscriptionsTable {
    fn default() -> Self {
        let http = HttpConfig::new(Authentication::None);
        Self {
            catch_up: Setting::default_of(Interval::seconds(30)),
            streams: Setting::default_of(Count(http.streams_max_per_principal)),
            streams_total: Setting::default_of(Count(http.streams_max)),
            uris: Setting::default_of(Count(http.subscriptions.uris_max)),
            uri_bytes: Setting::default_of(Size(http.subscriptions.uri_bytes_max)),
        }
    }
}
