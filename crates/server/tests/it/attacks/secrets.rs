//! What nobody may find in a log, in the answer to somebody else, or in the list of processes.

use std::collections::{BTreeSet, HashSet};

/// Everything that is secret in one run of a server.
#[derive(Default)]
pub(super) struct Secrets {
    words: BTreeSet<String>,
    /// Every piece of a token, of this many characters.
    pieces: HashSet<Vec<u8>>,
}

const PIECE: usize = 12;

impl Secrets {
    /// A text that may not stand anywhere as a whole.
    pub(super) fn word(&mut self, word: &str) {
        assert!(word.len() >= 8, "{word} may stand there by chance");
        self.words.insert(word.to_owned());
    }

    /// A token, or anything else that is as long and as random, of which not even a piece may stand anywhere.
    pub(super) fn token(&mut self, token: &str) {
        let is_piece = |piece: &[u8]| {
            let is_encoded = piece.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(byte));
            // A run of one character is no part of a secret.
            is_encoded && piece.iter().any(|byte| Some(byte) != piece.first())
        };
        for part in token.split('.') {
            self.pieces.extend(part.as_bytes().windows(PIECE).filter(|piece| is_piece(piece)).map(<[u8]>::to_vec));
        }
    }

    /// What of it stands in a text.
    pub(super) fn found_in(&self, text: &str) -> Vec<String> {
        let around = |at: usize| {
            let bytes = text.as_bytes();
            String::from_utf8_lossy(&bytes[at.saturating_sub(200)..(at + 100).min(bytes.len())]).into_owned()
        };
        let words = self.words.iter().filter_map(|word| text.find(word).map(|at| format!("{word} in: {}", around(at))));
        let pieces = text.as_bytes().windows(PIECE).enumerate().filter(|(_, piece)| self.pieces.contains(*piece));
        let pieces = pieces.map(|(at, _)| format!("a piece of a token in: {}", around(at)));
        words.chain(pieces).take(5).collect()
    }
}

#[test]
fn a_secret_is_found_whole_and_a_token_in_pieces() {
    let mut secrets = Secrets::default();
    secrets.word("canary-word");
    secrets.token("eyJhbGciOiJSUzI1NiJ9.AAAAAAAAAAAAAAAAAAAA.c2lnbmF0dXJlLW9mLXRva2Vu");
    for text in ["x canary-word", "eyJhbGciOiJS", "the first: c2lnbmF0dXJl", "bmF0dXJlLW9mLX."] {
        assert!(!secrets.found_in(text).is_empty(), "{text}");
    }
    for text in ["canary-wor", "AAAAAAAAAAAAAAAA", "eyJhbGciOiJ"] {
        assert!(secrets.found_in(text).is_empty(), "{text}");
    }
}
