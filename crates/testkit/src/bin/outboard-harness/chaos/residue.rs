//! What the replicas and their store hold, to be compared before and after.

use std::collections::BTreeMap;
use std::fs;

use outboard_testkit::replicas::{Running, Topology};

/// What replicas and their store hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Residue {
    /// Open files of each replica.
    pub(crate) files: Vec<usize>,
    /// How many keys of each kind the store has.
    pub(crate) keys: BTreeMap<String, u64>,
    /// Keys that never end.
    pub(crate) endless: Vec<String>,
}

impl Residue {
    /// What is there at the moment.
    pub(crate) async fn of(replicas: &Topology) -> Self {
        let files = |replica| fs::read_dir(format!("/proc/{}/fd", replicas.process_id(replica)));
        let files = (0..replicas.len()).map(|replica| files(replica).map_or(0, Iterator::count)).collect();
        let mut residue = Self { files, ..Self::default() };
        let Running::Single(redis) = &replicas.store else { return residue };
        let answer = redis.send(&[b"EVAL", KEYS_AND_TIMES, b"0"]).await;
        let listed: Vec<u8> = answer.ok().and_then(|value| redis::from_redis_value(value).ok()).unwrap_or_default();
        for line in String::from_utf8_lossy(&listed).lines() {
            let Some((key, time)) = line.rsplit_once(' ') else { continue };
            *residue.keys.entry(kind(key)).or_default() += 1;
            if time == "-1" {
                residue.endless.push(key.to_owned());
            }
        }
        residue
    }

    /// What is more than it was, in words.
    pub(crate) fn leaks(&self, before: &Self) -> Vec<String> {
        let files = self.files.iter().zip(&before.files).enumerate();
        let files = files.filter(|(_, (after, before))| **after > **before + FILES_MORE);
        let files =
            files.map(|(at, (after, before))| format!("replica {} has {after} open files, had {before}", at + 1));
        let endless = self.endless.iter().map(|key| format!("the key {key} never ends"));
        files.chain(endless).collect()
    }
}

/// What a key is for: its parts, but for those that name one of many.
fn kind(key: &str) -> String {
    let is_word =
        |part: &&str| part.len() < 20 && part.chars().all(|letter| letter.is_ascii_lowercase() || letter == '-');
    key.split([':', '{', '}']).filter(|part| !part.is_empty()).filter(is_word).collect::<Vec<_>>().join(":")
}

/// Lists every key with the seconds it has left, -1 where it never ends.
const KEYS_AND_TIMES: &[u8] = b"local lines = {} \
    for _, key in ipairs(redis.call('KEYS', '*')) do lines[#lines + 1] = key .. ' ' .. redis.call('TTL', key) end \
    return table.concat(lines, '\\n')";

/// How many more files a replica may have open: connections to the store come and go, and the balancer keeps some.
const FILES_MORE: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kind_of_a_key_is_what_many_have_in_common() {
        let cases = [
            ("outboard:{log:mailbox:0f3a9c}:entries", "outboard:log:mailbox:entries"),
            ("outboard:cell:state:9C2", "outboard:cell:state"),
        ];
        for (key, expected) in cases {
            assert_eq!(kind(key), expected);
        }
    }

    #[test]
    fn leaks_are_told_in_words() {
        let before = Residue { files: vec![20, 20], ..Residue::default() };
        let within = Residue { files: vec![20 + FILES_MORE, 1], ..Residue::default() };
        assert_eq!(within.leaks(&before), Vec::<String>::new());
        let leaking = Residue { files: vec![20, 33], endless: vec!["outboard:x".to_owned()], keys: BTreeMap::new() };
        let expected = ["replica 2 has 33 open files, had 20", "the key outboard:x never ends"];
        assert_eq!(leaking.leaks(&before), expected);
    }
}
