//! A bound on nesting, checked before anything recurses into the text.

/// Whether arrays and objects in `text` nest deeper than `limit`.
///
/// Works on any bytes; on text that is not JSON the answer means nothing, and the parser refuses it anyway.
pub(super) fn exceeds(text: &[u8], limit: usize) -> bool {
    // Most messages have fewer brackets than the limit, and counting them is much cheaper than following strings.
    let openings = text.iter().filter(|byte| matches!(byte, b'{' | b'[')).count();
    openings > limit && deepest(text) > limit
}

fn deepest(text: &[u8]) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0_usize);
    let (mut in_string, mut escaped) = (false, false);
    for byte in text {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'{' | b'[' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_in_strings_do_not_nest() {
        assert_eq!(deepest(br#"{"a":["[[[[\"[[",{}]}"#), 3);
        assert!(!exceeds(br#"["[[[[[[[[[["]"#, 3));
        assert!(exceeds(b"[[[[]]]]", 3));
        assert!(!exceeds(b"[[[]]]", 3));
    }
}
