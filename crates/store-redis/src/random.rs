//! Random numbers.

/// So many bits that two are never the same.
pub(crate) fn u64() -> u64 {
    let mut bytes = [0; 8];
    aws_lc_rs::rand::fill(&mut bytes)
        .expect("AWS-LC ends the process rather than to hand out bytes that are not random");
    u64::from_be_bytes(bytes)
}
