//! Runs named steps one after the other, and ends with a table of what each took and said.

use std::time::Duration;

use anyhow::{Result, bail};

use crate::{clock::Started, say::say, table};

/// The steps that ran so far.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    done: Vec<Step>,
}

#[derive(Debug)]
struct Step {
    name: &'static str,
    took: Duration,
    /// Why it failed, if it did.
    failure: Option<String>,
}

impl Steps {
    /// Runs one step. A failure is kept for the end: the steps after it still run, because each says something of its own.
    pub(crate) fn run(&mut self, name: &'static str, step: impl FnOnce() -> Result<()>) {
        say!("\n=== {name} ===");
        let started = Started::now();
        let failure = step().err().map(|error| format!("{error:#}"));
        if let Some(reason) = &failure {
            say!("FAILED {name}: {reason}");
        }
        self.done.push(Step { name, took: started.elapsed(), failure });
    }

    /// Prints the table; fails, naming the steps, if one failed.
    pub(crate) fn finish(self) -> Result<()> {
        say!("\n{}", self.table());
        let failed: Vec<&str> = self.done.iter().filter(|step| step.failure.is_some()).map(|step| step.name).collect();
        if !failed.is_empty() {
            bail!("failed: {}", failed.join(", "));
        }
        Ok(())
    }

    fn table(&self) -> String {
        let mut rows: Vec<[String; 3]> = self
            .done
            .iter()
            .map(|step| {
                let verdict = if step.failure.is_some() { "FAILED" } else { "ok" };
                [step.name.to_owned(), seconds(step.took), verdict.to_owned()]
            })
            .collect();
        let total = self.done.iter().map(|step| step.took).sum();
        rows.push(["total".to_owned(), seconds(total), String::new()]);
        table::markdown(["step", "time", "verdict"], &rows)
    }
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failing_step_does_not_stop_the_others_and_is_named_at_the_end() {
        let mut steps = Steps::default();
        let mut last_ran = false;
        steps.run("first", || Ok(()));
        steps.run("second", || bail!("broken"));
        steps.run("third", || {
            last_ran = true;
            Ok(())
        });
        assert!(last_ran);
        let table = steps.table();
        assert!(table.contains("| second | 0.0 s | FAILED  |"), "{table}");
        assert_eq!(steps.finish().unwrap_err().to_string(), "failed: second");
    }

    #[test]
    fn all_steps_passing_is_success() {
        let mut steps = Steps::default();
        steps.run("only", || Ok(()));
        steps.finish().unwrap();
    }
}
