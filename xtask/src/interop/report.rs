//! Judges what a client printed: one line of JSON for each step that it took.

use std::collections::HashMap;

use anyhow::Result;
use serde::Deserialize;

use super::targets::{Step, Task};

/// How a step went.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Good,
    /// Why it failed.
    Failed(String),
    /// Why the client cannot do it.
    Unsupported(String),
}

impl Verdict {
    /// What the table says.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Good => "ok",
            Self::Failed(_) => "FAILED",
            Self::Unsupported(_) => "n/a",
        }
    }

    /// Why it is not good; nothing if it is.
    pub(super) fn reason(&self) -> &str {
        match self {
            Self::Good => "",
            Self::Failed(reason) | Self::Unsupported(reason) => reason,
        }
    }
}

/// One line of a client.
#[derive(Debug, Deserialize)]
struct Line {
    step: String,
    #[serde(flatten)]
    outcome: Outcome,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Outcome {
    /// The texts that the step brought.
    Saw(Vec<Option<String>>),
    Failed(String),
    Unsupported(String),
}

/// Judges each task by what the client printed; a task that it does not tell of has failed.
pub(super) fn judge(tasks: &[Task], printed: Result<String>) -> Vec<(Step, Verdict)> {
    let (printed, silence) = match printed {
        Ok(printed) => (printed, "not reached".to_owned()),
        Err(error) => (String::new(), format!("{error:#}")),
    };
    let lines = printed.lines().filter_map(|line| serde_json::from_str(line).ok());
    let mut outcomes: HashMap<_, _> = lines.map(|line: Line| (line.step, line.outcome)).collect();
    let verdict = |task: &Task| match outcomes.remove(task.step.name()) {
        None => Verdict::Failed(silence.clone()),
        Some(Outcome::Saw(seen)) => met(&task.expect, &seen),
        Some(Outcome::Failed(reason)) => Verdict::Failed(reason),
        Some(Outcome::Unsupported(reason)) => Verdict::Unsupported(reason),
    };
    let verdicts: Vec<_> = tasks.iter().map(verdict).collect();
    tasks.iter().map(|task| task.step).zip(verdicts).collect()
}

/// Whether each expected fragment stands in what was seen, none before the one that precedes it.
fn met(expected: &[&str], seen: &[Option<String>]) -> Verdict {
    let mut rest = seen;
    for fragment in expected {
        let stands = |text: &Option<String>| text.as_deref().is_some_and(|text| text.contains(fragment));
        let Some(at) = rest.iter().position(stands) else {
            return Verdict::Failed(format!("{fragment:?} is missing, or not in its place, in {seen:?}"));
        };
        rest = rest.get(at..).unwrap_or_default();
    }
    Verdict::Good
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;
    use serde_json::Value;

    use super::*;

    fn judged(expect: &[&'static str], printed: Result<String>) -> Verdict {
        let task = Task { step: Step::Call, give: Value::Null, expect: expect.to_vec() };
        judge(&[task], printed).remove(0).1
    }

    #[test]
    fn step_is_judged_by_what_was_seen_in_its_order() {
        let cases = [
            (r#"{"step":"call","saw":["1/2","2/2","done."]}"#, "ok"),
            (r#"{"saw":["0/2","1/2",null,"2/2 done"],"step":"call"}"#, "ok"),
            (r#"{"step":"call","saw":["2/2","1/2","done"]}"#, "FAILED"),
            (r#"{"step":"call","saw":["1/2","2/2"]}"#, "FAILED"),
            (r#"{"step":"call","saw":[]}"#, "FAILED"),
            (r#"{"step":"call","failed":"because"}"#, "FAILED"),
            (r#"{"step":"call","unsupported":"because"}"#, "n/a"),
            (r#"{"step":"list","saw":["1/2","2/2","done"]}"#, "FAILED"),
            (r#"{"step":"call"}"#, "FAILED"),
            ("a warning", "FAILED"),
            ("", "FAILED"),
        ];
        for (printed, expected) in cases {
            let verdict = judged(&["1/2", "2/2", "done"], Ok(format!("noise\n{printed}\n")));
            assert_eq!(verdict.word(), expected, "{printed}");
        }
    }

    #[test]
    fn reason_is_kept() {
        let cases = [
            (Ok(r#"{"step":"call","failed":"because"}"#.to_owned()), "because"),
            (Ok(r#"{"step":"call","unsupported":"because"}"#.to_owned()), "because"),
            (Ok(String::new()), "not reached"),
            (Err(anyhow!("it was killed")), "it was killed"),
            (Ok(r#"{"step":"call","saw":["b"]}"#.to_owned()), r#""a" is missing, or not in its place, in [Some("b")]"#),
            (Ok(r#"{"step":"call","saw":["a"]}"#.to_owned()), ""),
        ];
        for (printed, expected) in cases {
            assert_eq!(judged(&["a"], printed).reason(), expected);
        }
    }
}
