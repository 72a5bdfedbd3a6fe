//! The tables are whole, and each token is what its name says.

use std::collections::HashSet;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
    RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header, jwk::Jwk};
use num_bigint::BigUint;
use serde_json::{Map, Value, json};

use super::{Draft, Key, Mint, Minted, Verdict, sign_input, weak};

const NOW: u64 = 1_785_240_000;

fn mint() -> Mint {
    Mint::new("https://as.example", "https://mcp.example/a/mcp", NOW).listening_at("http://127.0.0.1:1")
}

/// Kinds that the threat catalogue names.
const NAMED: &[&str] = &[
    "alg-none",
    "alg-None",
    "none-with-sig",
    "no-alg",
    "hs-with-rsa-pem",
    "hs-with-rsa-der",
    "hs-with-jwk-n",
    "hs-empty-key",
    "psychic",
    "rs256-with-ec-key-kid",
    "rogue-known-kid",
    "kid-path",
    "kid-sqli",
    "kid-4k",
    "kid-nul",
    "kid-number",
    "no-kid",
    "jwk-header",
    "jku",
    "x5u",
    "crit",
    "crit-empty",
    "crit-alg",
    "b64-false",
    "typ-jwt",
    "typ-missing",
    "refresh-token",
    "id-token",
    "id-token-rs-aud",
    "wrong-iss",
    "iss-slash",
    "iss-case",
    "no-iss",
    "wrong-aud",
    "no-aud",
    "aud-prefix",
    "aud-origin",
    "aud-parent",
    "aud-path-case",
    "aud-array-bad",
    "aud-object",
    "aud-array-number",
    "aud-sibling",
    "expired",
    "expired-past-skew",
    "no-exp",
    "exp-string",
    "exp-negative",
    "exp-huge",
    "exp-year-10000",
    "nbf-future",
    "nbf-string",
    "iat-future",
    "lifetime-10-years",
    "no-sub",
    "sub-number",
    "sub-empty",
    "sub-4k",
    "scope-array",
    "scope-and-scp",
    "dup-claims",
    "dup-header",
    "payload-not-object",
    "payload-bad-utf8",
    "deep",
    "huge",
    "sig-truncated",
    "sig-padding",
    "sig-base64",
    "sig-whitespace",
    "sig-malleable",
    "jwe",
    "jwe-pbes2",
    "jwe-zip-bomb",
    "zip-def",
    "parts-2",
    "parts-4",
    "parts-6",
    "jws-json-flattened",
    "jws-json-general",
    "detached",
    "cnf-jkt",
    "cnf-x5t",
    "unknown-kid",
];

/// Kinds that are accepted.
const GOOD: &[&str] = &[
    "good-rs256",
    "good-ps256",
    "good-es256",
    "good-eddsa",
    "typ-full",
    "aud-case",
    "aud-array-good",
    "expired-in-skew",
    "exp-float",
    "nbf-in-skew",
    "no-scope",
    "scope-list",
    "extra-claims",
];

#[test]
fn every_kind_that_the_catalogue_names_is_there() {
    let names = |tokens: Vec<Minted>| -> HashSet<_> { tokens.into_iter().map(|token| token.name).collect() };
    let (hostile, valid) = (names(mint().hostile()), names(mint().valid()));
    let missing: Vec<_> = NAMED.iter().filter(|name| !hostile.contains(*name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    let missing: Vec<_> = GOOD.iter().filter(|name| !valid.contains(*name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn rows_of_the_catalogue_are_covered() {
    let rows: HashSet<u16> = mint().hostile().iter().map(|token| token.row).collect();
    // Two issuers (36), one subject of two issuers (48), a scope that is not there (50), a replay (57): a matter of what
    // the tokens are used for.
    let covered = (23..=58).filter(|row| ![36, 48, 50, 57].contains(row)).chain([21, 63]);
    let missing: Vec<u16> = covered.filter(|row| !rows.contains(row)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn names_and_tokens_are_unique_over_all_tables() {
    let mint = mint();
    let keyed = mint.keyed().into_iter().map(|token| (token.name, token.token));
    let others = [mint.hostile(), mint.valid(), mint.configured()].concat();
    let all: Vec<_> = others.into_iter().map(|token| (token.name, token.token)).chain(keyed).collect();
    let mut seen = HashSet::new();
    for (name, token) in &all {
        assert!(seen.insert(name.to_string()), "{name} is there twice");
        assert!(seen.insert(token.clone()), "the token of {name} is there twice");
        assert!(token.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{name} cannot stand in a header: {token:?}");
        assert!(!token.is_empty() && token.trim() == token, "a header would lose something of {name}");
    }
    assert!(all.len() > 200, "{}", all.len());
}

#[test]
fn good_tokens_verify_with_a_library() {
    let mint = mint();
    let keys: Vec<Jwk> = mint.keys().into_iter().map(|key| serde_json::from_value(key).unwrap()).collect();
    for Minted { name, token, .. } in mint.valid() {
        let header = decode_header(&token).unwrap();
        let key = keys.iter().find(|key| key.common.key_id == header.kid).unwrap();
        // The library's clock cannot be set, and it compares audiences exactly.
        let mut validation = Validation::new(header.alg);
        validation.validate_exp = false;
        validation.validate_aud = name != "aud-case";
        validation.set_issuer(&[mint.issuer()]);
        validation.set_audience(&[mint.audience()]);
        let decoded = decode::<Map<String, Value>>(&token, &DecodingKey::from_jwk(key).unwrap(), &validation);
        assert_eq!(decoded.unwrap_or_else(|error| panic!("{name}: {error}")).claims["sub"], Mint::SUBJECT, "{name}");
    }
}

/// A lenient verifier finds nothing wrong: what refuses these tokens has to be the one check that they are meant for.
#[test]
fn hostile_tokens_are_rightly_signed_where_the_signature_is_not_the_fault() {
    const NOT_SIGNED_RIGHTLY: &[&str] = &[
        "alg-none",
        "alg-None",
        "alg-NONE",
        "jwe",
        "jwe-pbes2",
        "jwe-zip-bomb",
        "jws-json-flattened",
        "jws-json-general",
        "detached",
        "parts-1",
        "parts-2",
        "parts-4",
        "parts-4-empty",
        "parts-6",
        "parts-empty-first",
        "dots",
        "psychic",
        "psychic-order",
        "eddsa-zero",
        "rogue-known-kid",
        "rogue-known-kid-es256",
        "rogue-known-kid-eddsa",
        "unknown-kid",
        "kid-path",
        "kid-sqli",
        "jwk-header",
        "jwk-header-unknown-kid",
        "x5c-header",
        "jku",
        "jku-unknown-kid",
        "x5u",
        "x5u-unknown-kid",
    ];
    for Minted { name, token, .. } in mint().hostile() {
        let is_wrong = NOT_SIGNED_RIGHTLY.contains(&name) || name.starts_with("hs-") || name.starts_with("sig-");
        let signer = Key::PUBLISHED.into_iter().find(|key| holds(*key, &token));
        assert_eq!(signer.is_none(), is_wrong, "{name}: {signer:?}");
    }
}

#[test]
fn tokens_differ_from_a_good_one_in_what_their_name_says() {
    let mint = mint();
    let hostile = mint.hostile();
    let find = |name: &str| hostile.iter().find(|token| token.name == name).unwrap().token.as_str();
    let claims = [
        ("iss-slash", "iss", json!("https://as.example/")),
        ("aud-origin", "aud", json!("https://mcp.example")),
        ("aud-parent", "aud", json!("https://mcp.example/a")),
        ("aud-path-case", "aud", json!("https://mcp.example/A/MCP")),
        ("aud-sibling", "aud", json!("https://mcp.example/other/a/mcp")),
        ("expired-past-skew", "exp", json!(NOW - 31)),
        ("exp-string", "exp", json!((NOW + 600).to_string())),
        ("exp-huge", "exp", json!(1e300)),
        ("iat-future", "iat", json!(NOW + 6000)),
        ("sub-number", "sub", json!(42)),
        ("cnf-unknown", "cnf", json!({"x": "y"})),
    ];
    for (name, claim, value) in claims {
        assert_eq!(part(find(name), 1)[claim], value, "{name}");
    }
    let headers = [
        ("alg-None", "alg", json!("NoNe")),
        ("kid-nul", "kid", json!("rsa-1\0")),
        ("jku", "jku", json!("http://127.0.0.1:1/jku")),
        ("b64-false", "b64", json!(false)),
        ("refresh-token", "typ", json!("rt+jwt")),
        ("jwe-pbes2", "p2c", json!(2_147_483_647)),
    ];
    for (name, member, value) in headers {
        assert_eq!(part(find(name), 0)[member], value, "{name}");
    }
    for (name, dots) in [("parts-1", 0), ("parts-2", 1), ("parts-4", 3), ("jwe", 4), ("parts-6", 5), ("dots", 2)] {
        assert_eq!(find(name).matches('.').count(), dots, "{name}");
    }
    assert!(find("huge").len() > 64 * 1024);
    assert!(find("detached").contains(".."));
}

#[test]
fn parts_that_no_serializer_writes_are_written() {
    let hostile = mint().hostile();
    let bytes = |name: &str, number: usize| {
        let token = &hostile.iter().find(|token| token.name == name).unwrap().token;
        BASE64_URL_SAFE_NO_PAD.decode(token.split('.').nth(number).unwrap()).unwrap()
    };
    let text = |name: &str, number: usize| String::from_utf8(bytes(name, number)).unwrap();
    for (name, part, twice) in [
        ("dup-claims", 1, "\"aud\":"),
        ("dup-claims-good-first", 1, "\"aud\":"),
        ("dup-claims-same", 1, "\"client_id\":"),
        ("dup-claims-exp", 1, "\"exp\":"),
        ("dup-header", 0, "\"kid\":"),
        ("dup-header-alg", 0, "\"alg\":"),
        ("dup-header-typ", 0, "\"typ\":"),
    ] {
        assert_eq!(text(name, part).matches(twice).count(), 2, "{name}");
        // Still JSON: whoever believes one of the two reads on.
        assert!(serde_json::from_slice::<Value>(&bytes(name, part)).is_ok(), "{name}");
    }
    let (first, last) = (text("dup-claims", 1), text("dup-claims-good-first", 1));
    let ours = "\"aud\":\"https://mcp.example/a/mcp\"";
    assert!(first.find("other.example") < first.find(ours) && last.find(ours) < last.find("other.example"));
    assert_eq!(part(&find(&hostile, "dup-claims-escaped").token, 1)["sub"], "somebody-else");
    for (name, part, open) in [("deep", 1, "["), ("deep-objects", 1, "{\"a\":"), ("header-deep", 0, "[")] {
        assert!(text(name, part).contains(&open.repeat(2000)), "{name}");
    }
    for (name, part) in [("payload-bad-utf8", 1), ("payload-bad-utf8-unknown-claim", 1), ("header-bad-utf8", 0)] {
        let lossy = String::from_utf8_lossy(&bytes(name, part)).into_owned();
        assert!(String::from_utf8(bytes(name, part)).is_err() && lossy.matches('\u{fffd}').count() == 1, "{name}");
        assert!(serde_json::from_str::<Value>(&lossy).is_ok(), "{name}");
    }
    assert_eq!(&bytes("zip-def", 1)[5..6], b"{", "one block that is not compressed");
}

#[test]
fn eddsa_signature_is_moved_by_the_order() {
    let hostile = mint().hostile();
    let (input, signature) = find(&hostile, "sig-eddsa-malleable").token.rsplit_once('.').unwrap();
    let moved = BASE64_URL_SAFE_NO_PAD.decode(signature).unwrap();
    let right = Key::Ed.sign(super::Algorithm::EdDsa, input.as_bytes());
    assert_eq!((moved.len(), &moved[..32]), (64, &right[..32]));
    let difference = BigUint::from_bytes_le(&moved[32..]) - BigUint::from_bytes_le(&right[32..]);
    // RFC 8032 §5.1 gives the order in decimal digits.
    let order = b"7237005577332262213973186563042994240857116359379907606001950938285454250989";
    assert_eq!(Some(difference), BigUint::parse_bytes(order, 10));
}

/// Lenient readers take them for the token that was signed, which is why they are dangerous.
#[test]
fn respelled_signatures_are_the_same_to_a_lenient_reader() {
    let hostile = mint().hostile();
    let find = |name: &str| hostile.iter().find(|token| token.name == name).unwrap().token.clone();
    for name in ["sig-padding", "sig-base64", "sig-whitespace", "sig-malleable"] {
        let token = find(name);
        let (input, signature) = token.rsplit_once('.').unwrap();
        let plain = signature.replace(['=', ' '], "").replace('+', "-").replace('/', "_");
        assert!(BASE64_URL_SAFE_NO_PAD.decode(signature).is_err(), "{name}");
        let lenient = base64::engine::GeneralPurposeConfig::new()
            .with_decode_allow_trailing_bits(true)
            .with_decode_padding_mode(base64::engine::DecodePaddingMode::Indifferent);
        let lenient = base64::engine::GeneralPurpose::new(&base64::alphabet::URL_SAFE, lenient);
        let signature = lenient.decode(plain).unwrap();
        assert!(verifies(Key::Rsa, input, &signature), "{name}");
    }
    let token = find("sig-es256-der");
    let (input, signature) = token.rsplit_once('.').unwrap();
    let jwk = Key::Ec.jwk();
    let half = |name: &str| BASE64_URL_SAFE_NO_PAD.decode(jwk[name].as_str().unwrap()).unwrap();
    let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, [vec![4], half("x"), half("y")].concat());
    assert!(key.verify(input.as_bytes(), &BASE64_URL_SAFE_NO_PAD.decode(signature).unwrap()).is_ok());
}

#[test]
fn untrustworthy_keys_have_rightly_signed_tokens() {
    let keyed = mint().keyed();
    let find = |name: &str| keyed.iter().find(|token| token.name == name).unwrap();
    let weak = find("rsa-1024");
    let (input, signature) = weak.token.rsplit_once('.').unwrap();
    let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).unwrap();
    let key = RsaPublicKeyComponents { n: weak::modulus_1024(), e: vec![1, 0, 1] };
    let verified = key.verify(&RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, input.as_bytes(), &signature);
    assert!(verified.is_ok());
    // The exponent 1 leaves every number as it is, so the signature is the block itself.
    let (input, signature) = find("exponent-1").token.rsplit_once('.').unwrap();
    assert_eq!(BASE64_URL_SAFE_NO_PAD.decode(signature).unwrap(), weak::block(256, input.as_bytes()));
    let modulus = find("rsa-16384").keys[0]["n"].as_str().unwrap();
    assert_eq!(BASE64_URL_SAFE_NO_PAD.decode(modulus).unwrap().len() * 8, 16_384);
}

#[test]
fn keyed_tokens_are_accepted_only_where_a_published_key_is_theirs() {
    for token in mint().keyed() {
        let published =
            |key: Key| token.keys.iter().any(|jwk| jwk["n"] == key.jwk()["n"] && jwk["kid"] == key.jwk()["kid"]);
        if token.verdict == Verdict::Accepted {
            assert!(published(Key::Rsa) && holds(Key::Rsa, &token.token), "{}", token.name);
        }
        assert!(token.keys.iter().all(|key| key["kid"].is_string()), "{}", token.name);
    }
}

#[test]
fn a_draft_writes_anything() {
    let draft = Draft { header: b"\xff".to_vec(), payload: Vec::new() };
    assert_eq!(draft.end(b"\0"), "_w..AA");
    let token = sign_input("no.dots.", Key::Ed, super::Algorithm::EdDsa);
    assert!(holds(Key::Ed, &token) && token.starts_with("no.dots.."));
    assert_eq!(mint().at(7).claims()["exp"], 607);
    assert_eq!(part(&mint().good_with(|claims| drop(claims.remove("jti"))), 1)["jti"], Value::Null);
}

#[test]
fn a_library_confirms_who_signed() {
    // The verifier of these tests is itself checked: rogue keys do not hold.
    let mint = mint();
    for (key, rogue) in [(Key::Rsa, Key::RogueRsa), (Key::Ec, Key::RogueEc), (Key::Ed, Key::RogueEd)] {
        let token = mint.draft(key).sign(rogue);
        assert!(!holds(key, &token) && holds(rogue, &token), "{key:?}");
        let jwk: Jwk = serde_json::from_value(key.jwk()).unwrap();
        let mut validation = Validation::new(decode_header(&token).map_or(Algorithm::RS256, |header| header.alg));
        (validation.validate_exp, validation.validate_aud) = (false, false);
        let decoded = decode::<Map<String, Value>>(&token, &DecodingKey::from_jwk(&jwk).unwrap(), &validation);
        assert!(decoded.is_err(), "{key:?}");
    }
}

fn find<'a>(tokens: &'a [Minted], name: &str) -> &'a Minted {
    tokens.iter().find(|token| token.name == name).unwrap()
}

/// One part of a token, leniently read.
fn part(token: &str, number: usize) -> Value {
    let text = token.split('.').nth(number).unwrap();
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap()
}

/// Whether what stands after the last dot is a key's signature of what stands before it.
fn holds(key: Key, token: &str) -> bool {
    let Some((input, signature)) = token.rsplit_once('.') else { return false };
    BASE64_URL_SAFE_NO_PAD.decode(signature).is_ok_and(|signature| verifies(key, input, &signature))
}

fn verifies(key: Key, input: &str, signature: &[u8]) -> bool {
    let jwk = key.jwk();
    let bytes = |name: &str| BASE64_URL_SAFE_NO_PAD.decode(jwk[name].as_str().unwrap()).unwrap();
    let input = input.as_bytes();
    match jwk["kty"].as_str().unwrap() {
        "RSA" => {
            [&RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, &RSA_PKCS1_2048_8192_SHA512, &RSA_PSS_2048_8192_SHA256]
                .into_iter()
                .any(|way| {
                    RsaPublicKeyComponents { n: bytes("n"), e: bytes("e") }.verify(way, input, signature).is_ok()
                })
        }
        "EC" => {
            let point = [vec![4], bytes("x"), bytes("y")].concat();
            UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(input, signature).is_ok()
        }
        _ => UnparsedPublicKey::new(&ED25519, bytes("x")).verify(input, signature).is_ok(),
    }
}
