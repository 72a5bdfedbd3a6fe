//! The `[input]` table: the bounds of questions to the client (input requests of the specification).

use outboard_runtime::InputConfig;
use outboard_transport::LegacyConfig;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::amount::{Count, Interval, Size};
use super::check::{Check, minutes};
use super::setting::Setting;

/// Questions to the client: elicitation, sampling and roots.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct InputTable {
    /// Longest time that a question stays open, and that its `requestState` is taken back, 1s to 1d.
    pub(super) timeout: Setting<Interval>,
    /// Most rounds of questions that one call may take, 1 to 1000.
    pub(super) rounds: Setting<Count>,
    /// Longest `requestState`, sealed, 1KiB to 1MiB; never more than `limits.body`, since it comes back in a request.
    pub(super) state_bytes: Setting<Size>,
    /// Most questions that one principal may have open at a time, 1 to 10000.
    pub(super) questions: Setting<Count>,
}

impl InputTable {
    pub(super) fn check(&self, check: &mut Check<'_>) {
        check.within(&["input", "timeout"], &self.timeout, Interval::seconds(1)..=minutes(24 * 60));
        check.within(&["input", "rounds"], &self.rounds, Count(1)..=Count(1_000));
        check.within(&["input", "state_bytes"], &self.state_bytes, Size::kib(1)..=Size::mib(1));
        check.within(&["input", "questions"], &self.questions, Count(1)..=Count(10_000));
    }

    /// The bounds beside a largest body of that many bytes.
    pub(super) fn effective(&self, body_bytes: usize) -> InputConfig {
        InputConfig {
            timeout: self.timeout.value.0,
            rounds_max: u32::try_from(self.rounds.value.0).unwrap_or(u32::MAX),
            state_bytes_max: self.state_bytes.value.0.min(body_bytes),
        }
    }
}

impl Default for InputTable {
    fn default() -> Self {
        let InputConfig { timeout, rounds_max, state_bytes_max } = InputConfig::default();
        Self {
            timeout: Setting::default_of(Interval(timeout)),
            rounds: Setting::default_of(Count(usize::try_from(rounds_max).unwrap_or(usize::MAX))),
            state_bytes: Setting::default_of(Size(state_bytes_max)),
            questions: Setting::default_of(Count(LegacyConfig::default().questions_max)),
        }
    }
}
