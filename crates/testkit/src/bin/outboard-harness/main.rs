//! Replicas of a server under clients of both eras that know every right answer: named, broken, and with parts switched off.

mod arguments;
mod chaos;
mod faults;
mod matrix;
mod prove;
mod say;
mod serve;

use std::process::ExitCode;

use outboard_testkit::replicas::Settings;

use crate::arguments::{Arguments, Mode};
use crate::chaos::{Breaking, Plan};
use crate::say::{complain, say};

fn main() -> ExitCode {
    let arguments = match Arguments::parse(std::env::args().skip(1)) {
        Ok(arguments) => arguments,
        Err(problem) => {
            complain(problem);
            return ExitCode::from(64);
        }
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("there are threads");
    let is_green = runtime.block_on(run(&arguments));
    runtime.shutdown_background();
    if is_green { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Does what was asked for; returns whether every bar was reached.
async fn run(arguments: &Arguments) -> bool {
    let settings = Settings {
        replicas: arguments.replicas,
        proxy: arguments.proxy,
        clocks: arguments.clocks.clone(),
        ..Settings::new(arguments.server.clone())
    };
    let (report, is_green) = match arguments.mode {
        Mode::Serve => return serve::run(arguments, settings).await,
        Mode::Faults => return faults::run(arguments, &settings).await,
        Mode::Matrix => matrix::run(settings).await,
        Mode::Chaos => {
            let plan = Plan { time: arguments.time, seed: arguments.seed, breaking: Breaking::Everything };
            chaos::run(settings, plan).await
        }
        Mode::Prove => prove::run(settings, arguments.seed).await,
    };
    say(report);
    is_green
}
