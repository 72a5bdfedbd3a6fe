//! Which program runs on which core.

use std::{path::Path, process::Command, thread};

use crate::process;

/// Whether server and load each get a core of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cores {
    Apart,
    Shared,
}

impl Cores {
    /// Where there are two cores, and `taskset` (util-linux) to give them out.
    pub(super) fn available() -> Self {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        if cores >= 2 && process::exists("taskset") { Self::Apart } else { Self::Shared }
    }

    /// A program that is measured.
    pub(super) fn server(self, program: &Path) -> Command {
        self.on("0", program)
    }

    /// A program that measures, or is beside the point.
    pub(super) fn load(self, program: &Path) -> Command {
        self.on("1", program)
    }

    fn on(self, core: &str, program: &Path) -> Command {
        match self {
            Self::Apart => {
                let mut command = Command::new("taskset");
                command.args(["--cpu-list", core]).arg(program);
                command
            }
            Self::Shared => Command::new(program),
        }
    }

    /// What a reader of the numbers has to know.
    pub(super) fn described(self) -> &'static str {
        match self {
            Self::Apart => "Server on core 0, load on core 1, loopback, keep-alive; medians of all turns.",
            Self::Shared => "Server and load share all cores, loopback, keep-alive; medians of all turns.",
        }
    }
}
