//! The bounds of a backend, from its table.

use outboard_backend::stdio::StdioBounds;

use super::super::amount::{Count, Interval, Size};
use super::super::backend_file::BackendTable;
use super::super::check::{Check, minutes};
use super::{Builder, at_key};
use crate::diagnostics::Code;

impl Builder<'_, '_> {
    pub(super) fn bounds(&mut self, table: &BackendTable, at: [&str; 2]) -> StdioBounds {
        times(self.check, table, at);
        amounts(self.check, table, at);
        StdioBounds {
            start_timeout: table.start_timeout.value.0,
            term_grace: table.stop_timeout.value.0,
            backoff_min: table.restart_delay.value.0,
            backoff_max: table.restart_delay_max.value.0,
            probe_timeout: table.probe_timeout.value.0,
            line_bytes_max: table.line_bytes.value.0,
            in_flight_max: table.in_flight.value.0,
            queue_bytes_max: u32::try_from(table.queue_bytes.value.0).unwrap_or(u32::MAX),
            list_items_max: table.list_items.value.0,
            list_bytes_max: table.list_bytes.value.0,
            list_pages_max: table.list_pages.value.0,
            questions_max: table.questions.value.0,
            watched_max: table.watched.value.0,
            ..StdioBounds::default()
        }
    }
}

fn times(check: &mut Check<'_>, table: &BackendTable, at: [&str; 2]) {
    let BackendTable { start_timeout, stop_timeout, restart_delay, restart_delay_max, probe_timeout, .. } = table;
    check.within(&at_key(at, "start_timeout"), start_timeout, Interval::millis(100)..=minutes(10));
    check.within(&at_key(at, "stop_timeout"), stop_timeout, Interval::seconds(0)..=minutes(5));
    check.within(&at_key(at, "restart_delay"), restart_delay, Interval::millis(10)..=minutes(1));
    check.within(&at_key(at, "restart_delay_max"), restart_delay_max, Interval::millis(10)..=minutes(60));
    if restart_delay_max.value < restart_delay.value {
        let problem = format!("{} is shorter than `restart_delay`", restart_delay_max.value);
        let place = (&restart_delay_max.place).max(&restart_delay.place);
        check.refuse(Code::OutOfRange, place, &at_key(at, "restart_delay_max"), &problem, None);
    }
    check.within(&at_key(at, "probe_timeout"), probe_timeout, Interval::millis(100)..=minutes(5));
}

fn amounts(check: &mut Check<'_>, table: &BackendTable, at: [&str; 2]) {
    check.within(&at_key(at, "line_bytes"), &table.line_bytes, Size::kib(1)..=Size::mib(256));
    check.within(&at_key(at, "in_flight"), &table.in_flight, Count(1)..=Count(10_000));
    check.within(&at_key(at, "queue_bytes"), &table.queue_bytes, Size::kib(1)..=Size::mib(1 << 10));
    check.within(&at_key(at, "list_items"), &table.list_items, Count(1)..=Count(100_000));
    check.within(&at_key(at, "list_bytes"), &table.list_bytes, Size::kib(1)..=Size::mib(256));
    check.within(&at_key(at, "list_pages"), &table.list_pages, Count(1)..=Count(10_000));
    check.within(&at_key(at, "questions"), &table.questions, Count(1)..=Count(10_000));
    check.within(&at_key(at, "watched"), &table.watched, Count(1)..=Count(1_000_000));
}
