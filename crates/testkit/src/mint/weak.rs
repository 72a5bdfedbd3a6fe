//! RSA keys that nobody may trust, and the signatures that are nevertheless right under them (RFC 8017 §8.2).

use aws_lc_rs::digest::{SHA256, digest};
use num_bigint::BigUint;

/// A modulus of 1024 bits, in hexadecimal digits. It guards nothing: its secret stands below.
const MODULUS_1024: &str = concat!(
    "b30724e09fed319aaf0582345e43d5290e15bafd0f35cc615baaa5a3ffef0230",
    "a24150c299103a02aa938c7d521452c058aed06b6a941396c1de9deaf4a9a99d",
    "fcfa06524571a2fb81afe1a5a1cc14e797ca61957e1fc8f1e0dcadc01e6ae7e5",
    "51b28b4f59159516e4707ac31649477d07de253a2399acb7c5a4aa148ed35605",
);

/// What signs under [`MODULUS_1024`] and the exponent 65537.
const SECRET_1024: &str = concat!(
    "751b06375cc575fe1de0779433d9213512be8a2b00690b80dfca574158a78a02",
    "30109378475142f0fd8d3887bd4a07fb43c74e14058a48ea0374d04da1aedd80",
    "9f9244ceaf02a0055312778e5fd075b976e233e5625da71414aa47d22eab3fb9",
    "4e03c2c804f05d249964d06fe8bdf965f419c14ef94ec56b3c852192cb253fbd",
);

/// Names SHA-256 inside the block that RSASSA-PKCS1-v1_5 signs (RFC 8017 §9.2, note 1).
const SHA256_PREFIX: [u8; 19] =
    [0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20];

/// The modulus of the key of 1024 bits.
pub(super) fn modulus_1024() -> Vec<u8> {
    number(MODULUS_1024).to_bytes_be()
}

/// Signs with the key of 1024 bits.
pub(super) fn sign_1024(input: &[u8]) -> Vec<u8> {
    let modulus = number(MODULUS_1024);
    let length = modulus.to_bytes_be().len();
    let signature = BigUint::from_bytes_be(&block(length, input)).modpow(&number(SECRET_1024), &modulus).to_bytes_be();
    [vec![0; length - signature.len()], signature].concat()
}

/// Any odd number of 16384 bits: verifying with it is slow, whatever the signature is.
pub(super) fn modulus_16384() -> Vec<u8> {
    vec![0xc3; 16_384 / 8]
}

/// The block of `length` bytes that a signature stands for (RFC 8017 §9.2). Under a public exponent of 1 it is the
/// signature: whoever knows the modulus can write it.
pub(super) fn block(length: usize, input: &[u8]) -> Vec<u8> {
    let hash = digest(&SHA256, input);
    let tail = [&[0], &SHA256_PREFIX[..], hash.as_ref()].concat();
    [vec![0, 1], vec![0xff; length - 2 - tail.len()], tail].concat()
}

fn number(hexadecimal: &str) -> BigUint {
    BigUint::parse_bytes(hexadecimal.as_bytes(), 16).expect("the constants are hexadecimal")
}
