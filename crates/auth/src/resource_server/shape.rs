//! Tells from the look of a token whether it is a JWT, good or bad.

use base64::{
    Engine as _,
    alphabet::URL_SAFE,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

/// Whether a token is to be judged as a JWT: there is a dot in it, and in front of that the encoded beginning of an object
/// (RFC 7519 §3). It need not be spelled rightly, so that what fails to be a JWT is refused as one and not shown to an issuer
/// of other tokens.
pub(super) fn is_jwt(token: &str) -> bool {
    let Some((header, _)) = token.split_once('.') else { return false };
    let spelled: Vec<u8> = header
        .bytes()
        .take(LOOK)
        .map(|byte| match byte {
            b'+' => b'-',
            b'/' => b'_',
            other => other,
        })
        .collect();
    let decoded = LENIENT.decode(spelled).unwrap_or_default();
    let begins = decoded.trim_ascii_start();
    begins.first().is_some_and(|first| *first == b'{')
}

/// How many characters are looked at. White space in front of the object is allowed for.
const LOOK: usize = 64;

const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

#[cfg(test)]
mod tests {
    use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};

    use super::*;

    #[test]
    fn what_begins_like_a_jwt_is_one() {
        let header = |text: &str| BASE64_URL_SAFE_NO_PAD.encode(text);
        let cases = [
            (format!("{}.e30.AA", header(r#"{"alg":"RS256"}"#)), true),
            (format!("{}.e30.", header(r#"{"alg":"none"}"#)), true),
            (format!("{}.e30.AA", header("{}")), true),
            (format!("{}.e30.AA", header("\n\t {\"alg\":\"RS256\"}")), true),
            (format!("{}.e30.AA", BASE64_STANDARD.encode(r#"{"alg":"RS256","k":"???>>>"}"#)), true),
            (format!("{}=.e30.AA", header(r#"{"alg":"RS256"}a"#)), true),
            (format!("{}.a.b.c.d", header(r#"{"alg":"dir"}"#)), true),
            (format!("{}.e30", header("{")), true),
            (header(r#"{"alg":"RS256"}"#), false),
            (format!("{}.e30.AA", header("[]")), false),
            (format!("{}.e30.AA", header("\"{\"")), false),
            ("ya29.a0AfH6SMB".to_owned(), false),
            ("a.b.c".to_owned(), false),
            ("ory_at_abc.def".to_owned(), false),
            (r#"{"payload":"e30","signatures":[]}"#.to_owned(), false),
            (".".to_owned(), false),
            (String::new(), false),
        ];
        for (token, expected) in cases {
            assert_eq!(is_jwt(&token), expected, "{token}");
        }
    }
}
