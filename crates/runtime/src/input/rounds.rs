//! What a call that is made in rounds knows: the answers it has, and what it has to ask.
//!
//! The handler runs from the top in each round, so it asks the questions of the rounds before again, and gets the answers
//! that they had. An answer belongs to a key and to a digest of the question: a question that is another now is asked
//! again. Each answer is given once per run, so that a handler that asks the same again, in a loop, is not given the same
//! answer for ever.

use std::collections::BTreeMap;

use outboard_protocol::RawJson;
use outboard_protocol::error::shortened;
use outboard_protocol::types::InputRequest;
use serde_json::{Map, Value};

use super::canonical::{canonical, digest};
use super::request_state::Record;
use crate::outcome::CallError;
use crate::unique::{self, UniqueError};

/// Whose word counts as an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trust {
    /// The client's own, too: what it sends without having been asked.
    OwnWord,
    /// Only an answer to a question that we asked.
    AskedByUs,
}

/// What a call knows in one of its rounds.
#[derive(Debug, Default)]
pub(super) struct Rounds {
    /// How many rounds of questions there were before.
    number: u32,
    answers: Vec<Answered>,
    /// What the client sent without a state.
    own_words: Map<String, Value>,
    kept: BTreeMap<String, Value>,
    /// What is asked in this round.
    posed: BTreeMap<String, Posed>,
}

#[derive(Debug)]
struct Answered {
    key: String,
    digest: String,
    answer: Value,
    /// The handler has had it in this run.
    is_given: bool,
}

#[derive(Debug)]
struct Posed {
    request: InputRequest,
    digest: String,
}

impl Rounds {
    /// The first round; `responses` are the client's own words.
    pub(super) fn first(responses: Responses) -> Self {
        Self { own_words: responses.0, ..Self::default() }
    }

    /// A further round. Of the responses those count that we asked for.
    pub(super) fn further(record: Record, Responses(mut responses): Responses) -> Self {
        let earlier = record.answers.into_iter();
        let new = record.asked.into_iter().filter_map(|(key, digest)| {
            let answer = responses.remove(&key)?;
            Some((key, digest, answer))
        });
        let answers = earlier.chain(new).map(|(key, digest, answer)| Answered { key, digest, answer, is_given: false });
        Self { number: record.round, answers: answers.collect(), kept: record.kept, ..Self::default() }
    }

    /// The answer to a question, if there is one that `read` can read. One that does not fit counts as none.
    pub(super) fn answer<T>(
        &mut self,
        key: &str,
        digest: &str,
        trust: Trust,
        read: impl Fn(Value) -> Option<T>,
    ) -> Option<T> {
        let fits = |known: &Answered| !known.is_given && known.key == key && known.digest == digest;
        if let Some(at) = self.answers.iter().position(fits)
            && let Some(known) = self.answers.get_mut(at)
        {
            let answer = read(known.answer.clone());
            known.is_given = true;
            if answer.is_none() {
                self.answers.remove(at);
            }
            return answer;
        }
        if trust == Trust::AskedByUs {
            return None;
        }
        let word = self.own_words.remove(key)?;
        let answer = read(word.clone())?;
        self.answers.push(Answered { key: key.to_owned(), digest: digest.to_owned(), answer: word, is_given: true });
        Some(answer)
    }

    /// Asks a question at the end of this round. Of two under one key the second waits for the next round.
    pub(super) fn pose(&mut self, key: &str, digest: String, request: InputRequest) {
        self.posed.entry(key.to_owned()).or_insert(Posed { request, digest });
    }

    pub(super) fn is_asking(&self) -> bool {
        !self.posed.is_empty()
    }

    pub(super) const fn number(&self) -> u32 {
        self.number
    }

    /// What was kept under a key.
    pub(super) fn kept(&self, key: &str) -> Option<&Value> {
        self.kept.get(key)
    }

    /// Keeps a value for the rounds to come.
    pub(super) fn keep(&mut self, key: &str, value: Value) {
        self.kept.insert(key.to_owned(), value);
    }

    /// The questions of this round, and what to remember of it until `expires`.
    pub(super) fn finish(self, expires: u64) -> (BTreeMap<String, InputRequest>, Record) {
        let asked = self.posed.iter().map(|(key, posed)| (key.clone(), posed.digest.clone())).collect();
        let answers = self.answers.into_iter().map(|known| (known.key, known.digest, known.answer)).collect();
        let record = Record { expires, round: self.number.saturating_add(1), asked, answers, kept: self.kept };
        (self.posed.into_iter().map(|(key, posed)| (key, posed.request)).collect(), record)
    }
}

/// What a question is, as 32 hexadecimal digits. One that trusts less is another one: the client's own word to the one is
/// no answer to the other.
pub(super) fn digest_of(trust: Trust, request: &InputRequest) -> String {
    let tag: &[u8] = match trust {
        Trust::OwnWord => b"own word",
        Trust::AskedByUs => b"asked by us",
    };
    let question = serde_json::to_value(request).unwrap_or_default();
    let digest = digest(&[tag, canonical(&question).as_bytes()]);
    digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// What a client sends as answers, by the keys of the questions.
#[derive(Debug, Default)]
pub(super) struct Responses(Map<String, Value>);

impl Responses {
    /// Reads them; what is no object has none. The error is that of a member that stands twice, at any depth.
    pub(super) fn read(raw: Option<&RawJson>) -> Result<Self, CallError> {
        match raw.map(|raw| unique::read(raw.as_str())) {
            Some(Ok(Value::Object(members))) => Ok(Self(members)),
            Some(Err(UniqueError::Duplicate { name })) => Err(CallError::DuplicateAnswer { name: shortened(&name) }),
            Some(Ok(_) | Err(UniqueError::Json(_))) | None => Ok(Self::default()),
        }
    }
}
