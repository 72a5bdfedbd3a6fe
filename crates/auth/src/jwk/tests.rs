//! Which keys of a set are used, for what, and for how long.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use outboard_testkit::mint::{Algorithm as Signs, Key};
use serde_json::{Value, json};

use super::*;

#[test]
fn a_key_is_used_or_skipped_for_a_reason() {
    let rsa = |changes: Value| changed(Key::Rsa, changes);
    let ec = |changes: Value| changed(Key::Ec, changes);
    let ed = |changes: Value| changed(Key::Ed, changes);
    let with_zero = |name: &str| {
        let number = BASE64_URL_SAFE_NO_PAD.decode(Key::Rsa.jwk()[name].as_str().unwrap());
        b64(&[&[0], number.unwrap().as_slice()].concat())
    };
    let of_bits = |bytes: usize, first: u8| b64(&[&[first], vec![0xff; bytes - 1].as_slice()].concat());
    let even = b64(&[vec![0xff; 255], vec![0xfe]].concat());
    let padded = format!("{}=", Key::Ec.jwk()["x"].as_str().unwrap());
    let cases: Vec<(Value, Option<SkipReason>)> = vec![
        (rsa(json!({})), None),
        (ec(json!({})), None),
        (ed(json!({})), None),
        (ed(json!({"alg": "Ed25519"})), None),
        (rsa(json!({"n": with_zero("n"), "e": with_zero("e")})), None),
        (rsa(json!({"e": b64(&[3])})), None),
        (rsa(json!({"n": of_bits(1024, 0xff)})), None),
        (rsa(json!({"key_ops": ["verify", "encrypt"], "use": null, "alg": null, "kid": null})), None),
        (rsa(json!({"x5c": ["?"], "x5t": "?", "issuer": "?"})), None),
        (Key::Rsa1024.jwk(), Some(SkipReason::RsaSize { bits: 1024 })),
        (rsa(json!({"n": of_bits(256, 0x7f)})), Some(SkipReason::RsaSize { bits: 2047 })),
        (rsa(json!({"n": of_bits(1025, 1)})), Some(SkipReason::RsaSize { bits: 8193 })),
        (rsa(json!({"n": of_bits(2048, 0xff)})), Some(SkipReason::RsaSize { bits: 16_384 })),
        (rsa(json!({"n": ""})), Some(SkipReason::RsaSize { bits: 0 })),
        (rsa(json!({"n": even})), Some(SkipReason::Malformed)),
        (rsa(json!({"n": null})), Some(SkipReason::Malformed)),
        (rsa(json!({"n": 1})), Some(SkipReason::Malformed)),
        (rsa(json!({"n": "a+/b"})), Some(SkipReason::Malformed)),
        (rsa(json!({"e": b64(&[1])})), Some(SkipReason::Exponent)),
        (rsa(json!({"e": b64(&[2])})), Some(SkipReason::Exponent)),
        (rsa(json!({"e": b64(&[0])})), Some(SkipReason::Exponent)),
        (rsa(json!({"e": ""})), Some(SkipReason::Exponent)),
        (rsa(json!({"e": b64(&[1, 0, 0, 0, 1])})), Some(SkipReason::Exponent)),
        (rsa(json!({"d": "AQ"})), Some(SkipReason::Private)),
        (rsa(json!({"qi": "AQ"})), Some(SkipReason::Private)),
        (ec(json!({"d": "AQ"})), Some(SkipReason::Private)),
        (ed(json!({"d": "AQ"})), Some(SkipReason::Private)),
        (ec(json!({"alg": "ES384"})), Some(SkipReason::Purpose)),
        (ec(json!({"crv": "P-384", "alg": null})), Some(SkipReason::Malformed)),
        (ec(json!({"crv": "P-521", "alg": null})), Some(SkipReason::UnknownKind)),
        (ec(json!({"crv": "secp256k1", "alg": null})), Some(SkipReason::UnknownKind)),
        (ec(json!({"crv": null})), Some(SkipReason::UnknownKind)),
        // No point of the curve.
        (ec(json!({"x": b64(&[1; 32]), "y": b64(&[1; 32])})), Some(SkipReason::Malformed)),
        (ec(json!({"x": b64(&[0; 32]), "y": b64(&[0; 32])})), Some(SkipReason::Malformed)),
        (ec(json!({"x": padded})), Some(SkipReason::Malformed)),
        (ec(json!({"y": b64(&[1; 31])})), Some(SkipReason::Malformed)),
        (ed(json!({"x": b64(&[1; 31])})), Some(SkipReason::Malformed)),
        (ed(json!({"crv": "X25519", "alg": null})), Some(SkipReason::UnknownKind)),
        (ed(json!({"crv": "Ed448", "alg": null})), Some(SkipReason::UnknownKind)),
        (json!({"kty": "oct", "k": "c2VjcmV0"}), Some(SkipReason::Symmetric)),
        (rsa(json!({"k": "c2VjcmV0"})), Some(SkipReason::Symmetric)),
        (json!({"kty": "AKP", "kid": "q"}), Some(SkipReason::UnknownKind)),
        (json!({"kid": "q"}), Some(SkipReason::Malformed)),
        (json!("key"), Some(SkipReason::Malformed)),
        (json!(null), Some(SkipReason::Malformed)),
    ];
    check_all(cases);
}

#[test]
fn a_key_for_something_else_is_skipped() {
    let rsa = |changes: Value| changed(Key::Rsa, changes);
    check_all(vec![
        (rsa(json!({"use": "enc"})), Some(SkipReason::Purpose)),
        (rsa(json!({"use": 1})), Some(SkipReason::Purpose)),
        (rsa(json!({"key_ops": ["encrypt"]})), Some(SkipReason::Purpose)),
        (rsa(json!({"key_ops": []})), Some(SkipReason::Purpose)),
        (rsa(json!({"key_ops": "verify"})), Some(SkipReason::Purpose)),
        (rsa(json!({"alg": "RSA-OAEP"})), Some(SkipReason::Purpose)),
        (rsa(json!({"alg": "ES256"})), Some(SkipReason::Purpose)),
        (rsa(json!({"alg": "HS256"})), Some(SkipReason::Purpose)),
        (rsa(json!({"alg": 1})), Some(SkipReason::Malformed)),
        (rsa(json!({"kid": 1})), Some(SkipReason::Malformed)),
        (rsa(json!({"kid": "k".repeat(257)})), Some(SkipReason::Malformed)),
    ]);
}

#[test]
fn what_is_no_key_set_is_refused() {
    for json in ["", "[]", "<html>", "{\"keys\":[]", "{\"keys\":[],\"keys\":[]}"] {
        assert!(matches!(JwkSet::read(json.as_bytes(), 64), Err(JwksFault::Json { .. })), "{json}");
    }
    for json in ["{}", "{\"keys\":{}}", "{\"keys\":null}"] {
        assert!(matches!(JwkSet::read(json.as_bytes(), 64), Err(JwksFault::NoKeys)), "{json}");
    }
    assert!(JwkSet::read(b"{\"keys\":[]}", 64).unwrap().is_empty());
}

#[test]
fn only_so_many_keys_are_used_and_the_rest_is_counted() {
    let numbered = |number: usize| changed(Key::Ed, json!({"kid": number.to_string()}));
    let many: Vec<_> = (0..100).map(numbered).collect();
    let ten = JwkSet::read(json!({"keys": many}).to_string().as_bytes(), 10).unwrap();
    assert_eq!((ten.len(), ten.unlisted()), (10, 90));
    assert!(matches!(ten.candidates(Some("9"), Algorithm::EdDsa), Candidates::Keys(_)));
    assert!(matches!(ten.candidates(Some("10"), Algorithm::EdDsa), Candidates::UnknownKey));
    // Keys that cannot be used take no place, and do not fill the log either.
    let unusable = vec![json!({"kty": "AKP"}); 1000];
    let usable = [vec![json!({"kty": "AKP"}); 100], vec![numbered(0)]].concat();
    assert_eq!(set(&usable).len(), 1);
    assert!(set(&unusable).skipped().len() + set(&unusable).unlisted() == 1000 && set(&unusable).unlisted() > 0);
}

#[test]
fn candidates_have_the_name_and_are_for_the_algorithm() {
    let all = Key::PUBLISHED.map(Key::jwk);
    let two = [Key::RogueRsa.jwk_as("one"), Key::Rsa.jwk_as("one"), Key::Ec.jwk_as("one"), Key::Ed.jwk()];
    let unnamed = changed(Key::Rsa, json!({"kid": null}));
    let any = changed(Key::Rsa, json!({"alg": null}));
    type Case<'a> = (&'a [Value], Option<&'a str>, Algorithm, Option<usize>);
    let cases: [Case<'_>; 15] = [
        (&all, Some(Key::Rsa.kid()), Algorithm::Rs256, Some(1)),
        (&all, Some(Key::Rsa.kid()), Algorithm::Rs512, Some(0)),
        (&all, Some(Key::Rsa.kid()), Algorithm::Ps256, Some(0)),
        (&all, Some(Key::Rsa.kid()), Algorithm::Es256, Some(0)),
        (&all, Some("other"), Algorithm::Rs256, None),
        (&all, Some(""), Algorithm::Rs256, None),
        (&all, None, Algorithm::EdDsa, None),
        (&two, Some("one"), Algorithm::Rs256, Some(2)),
        (&two, Some("one"), Algorithm::Es256, Some(1)),
        (std::slice::from_ref(&unnamed), None, Algorithm::Rs256, Some(1)),
        (std::slice::from_ref(&unnamed), None, Algorithm::Es256, Some(0)),
        (std::slice::from_ref(&unnamed), Some(Key::Rsa.kid()), Algorithm::Rs256, None),
        (std::slice::from_ref(&any), Some(Key::Rsa.kid()), Algorithm::Ps384, Some(1)),
        (&[], None, Algorithm::Rs256, None),
        (&[], Some("one"), Algorithm::Rs256, None),
    ];
    for (keys, kid, algorithm, expected) in cases {
        let found = match set(keys).candidates(kid, algorithm) {
            Candidates::UnknownKey => None,
            Candidates::Keys(keys) => Some(keys.len()),
        };
        assert_eq!(found, expected, "{kid:?} {algorithm:?} of {}", keys.len());
    }
}

#[test]
fn of_many_keys_with_one_name_few_are_tried() {
    let keys: Vec<_> =
        (3..23).map(|odd| changed(Key::Rsa, json!({"kid": "one", "e": b64(&[1, 0, odd * 2 + 1])}))).collect();
    let set = set(&keys);
    assert_eq!(set.len(), 20);
    let Candidates::Keys(tried) = set.candidates(Some("one"), Algorithm::Rs256) else { panic!("the name is known") };
    assert_eq!(tried.len(), SAME_NAME_MAX);
}

#[test]
fn every_kind_of_key_verifies_its_own_signatures_and_no_others() {
    let input = b"header.payload";
    let pairs = [
        (Key::Rsa, Signs::Rs256, Algorithm::Rs256),
        (Key::Rsa, Signs::Rs512, Algorithm::Rs512),
        (Key::Rsa, Signs::Ps256, Algorithm::Ps256),
        (Key::Ec, Signs::Es256, Algorithm::Es256),
        (Key::Ed, Signs::EdDsa, Algorithm::EdDsa),
    ];
    for (signer, signs, algorithm) in pairs {
        let signature = Signature(signer.sign(signs, input));
        for (other, _, _) in pairs {
            let set = set(&[changed(other, json!({"alg": null}))]);
            for verified_as in Algorithm::ALL {
                let is_right = signer == other && algorithm == verified_as;
                let key = set.keys.first().unwrap();
                assert_eq!(
                    key.verifies(verified_as, input, &signature),
                    is_right,
                    "{signer:?} {other:?} {verified_as:?}"
                );
                assert!(!key.verifies(verified_as, b"header.payloae", &signature));
            }
        }
    }
}

#[test]
fn a_p384_key_verifies_es384() {
    use aws_lc_rs::signature::{ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
    let pair = EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).unwrap();
    let (x, y) = pair.public_key().as_ref()[1..].split_at(48);
    let set = set(&[json!({"kty": "EC", "crv": "P-384", "x": b64(x), "y": b64(y)})]);
    let signature = pair.sign(&aws_lc_rs::rand::SystemRandom::new(), b"input").unwrap();
    let key = set.keys.first().unwrap();
    assert!(key.verifies(Algorithm::Es384, b"input", &Signature(signature.as_ref().to_vec())));
    assert!(!key.verifies(Algorithm::Es256, b"input", &Signature(signature.as_ref().to_vec())));
}

#[test]
fn a_key_that_stays_stays_the_same_and_one_that_goes_dies() {
    let first = set(&[Key::Rsa.jwk(), Key::Ec.jwk()]);
    let [rsa, ec] = [0, 1].map(|at| Arc::clone(first.keys.get(at).unwrap()));
    let second = set(&[Key::Ed.jwk(), Key::Rsa.jwk()]).succeed(&first);
    assert!(second.keys.iter().any(|key| Arc::ptr_eq(key, &rsa)));
    assert!(rsa.is_live() && !ec.is_live());
    // What comes back is another key: what the old one verified stays forgotten.
    let third = set(&[Key::Ec.jwk(), Key::Rsa.jwk()]).succeed(&second);
    assert!(third.keys.iter().all(|key| key.is_live() && !Arc::ptr_eq(key, &ec)));
    assert!(third.keys.iter().any(|key| Arc::ptr_eq(key, &rsa)));
    let last = set(&[]).succeed(&third);
    assert!(last.is_empty() && !rsa.is_live());
}

#[test]
fn another_name_use_or_material_is_another_key() {
    let first = set(&[Key::Rsa.jwk()]);
    let rsa = Arc::clone(first.keys.first().unwrap());
    let others = [
        Key::RogueRsa.jwk_as(Key::Rsa.kid()),
        changed(Key::Rsa, json!({"kid": "other"})),
        changed(Key::Rsa, json!({"kid": null})),
        changed(Key::Rsa, json!({"alg": null})),
        changed(Key::Rsa, json!({"alg": "PS256"})),
        changed(Key::Rsa, json!({"e": "Aw"})),
    ];
    for other in others {
        assert_ne!(set(std::slice::from_ref(&other)).keys.first().unwrap().identity, rsa.identity, "{other}");
    }
    let unlike = changed(Key::Rsa, json!({"use": null, "x5t": "?"}));
    assert_eq!(set(&[unlike]).keys.first().unwrap().identity, rsa.identity);
}

#[test]
fn a_key_that_stands_twice_is_one_key() {
    let twice = set(&[changed(Key::Rsa, json!({"kid": null})), changed(Key::Rsa, json!({"kid": null}))]);
    assert_eq!(twice.len(), 1);
    assert!(matches!(twice.candidates(None, Algorithm::Rs256), Candidates::Keys(_)));
}

#[track_caller]
fn check_all(cases: Vec<(Value, Option<SkipReason>)>) {
    for (jwk, reason) in cases {
        let set = set(std::slice::from_ref(&jwk));
        let skipped: Vec<_> = set.skipped().iter().map(|skipped| skipped.reason).collect();
        assert_eq!(skipped, Vec::from_iter(reason), "{jwk}");
        assert_eq!(set.len(), usize::from(reason.is_none()), "{jwk}");
    }
}

fn b64(bytes: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

fn set(keys: &[Value]) -> JwkSet {
    JwkSet::read(json!({ "keys": keys }).to_string().as_bytes(), 64).unwrap()
}

/// The public half of a key with members put over it; those that are put over as null are taken out.
fn changed(key: Key, changes: Value) -> Value {
    let mut jwk = key.jwk();
    let members = jwk.as_object_mut().unwrap();
    let Value::Object(changes) = changes else { panic!("changes are an object") };
    members.extend(changes);
    members.retain(|_, value| !value.is_null());
    jwk
}
