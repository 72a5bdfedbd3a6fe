//! Seeds as ordinary tests.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{fs, panic};

use outboard_fuzz::{PLANTED, TARGETS};

/// Fewer seeds than these show a fuzzer too little of the grammar.
const SEEDS_MIN: usize = 10;

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).expect("a target has a folder of seeds");
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn every_seed_of_every_target_holds() {
    let mut broken = Vec::new();
    for target in TARGETS {
        let folder = corpus().join(target.name);
        for seed in names(&folder) {
            let data = fs::read(folder.join(&seed)).unwrap();
            if panic::catch_unwind(|| (target.run)(&data)).is_err() {
                broken.push(format!("{}/{seed}", target.name));
            }
        }
    }
    assert!(broken.is_empty(), "seeds that do not hold: {broken:?}");
}

#[test]
fn every_target_has_seeds_and_every_folder_a_target() {
    let targets: BTreeSet<_> = TARGETS.iter().map(|target| target.name.to_owned()).collect();
    assert_eq!(names(&corpus()), targets);
    for name in targets {
        let seeds = names(&corpus().join(&name)).len();
        assert!(seeds >= SEEDS_MIN, "{name} has {seeds} seeds");
    }
}

#[test]
fn every_target_stands_anything() {
    // Bytes that no parser expects, and the seeds cut short: its own in many places, those of others in one.
    let bytes: Vec<Vec<u8>> = (0..=u8::MAX).map(|byte| vec![byte; 3]).collect();
    for target in TARGETS {
        bytes.iter().for_each(|input| (target.run)(input));
        for other in TARGETS {
            let eighths = if other.name == target.name { 1..8 } else { 4..5 };
            let folder = corpus().join(other.name);
            for seed in names(&folder) {
                let data = fs::read(folder.join(seed)).unwrap();
                eighths.clone().for_each(|eighths| (target.run)(&data[..data.len() * eighths / 8]));
            }
        }
    }
}

#[test]
fn planted_bug_shows_itself_for_its_input_alone() {
    (PLANTED.run)(b"outboar");
    (PLANTED.run)(b"inboard!");
    assert!(panic::catch_unwind(|| (PLANTED.run)(b"outboard and more")).is_err());
    assert!(outboard_fuzz::target("planted").is_some() && outboard_fuzz::target("none").is_none());
}
