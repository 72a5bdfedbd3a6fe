//! Every number of the catalogue's sections on authentication, and where its proof is.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::ops::RangeInclusive;
use std::path::Path;

use outboard_testkit::mint::Mint;

use super::{development, expected, issuers, now, pages, site};

/// The sections: §2.1 to §2.5, §2.11 and §2.12.
const SECTIONS: [RangeInclusive<u16>; 7] = [1..=22, 23..=60, 61..=79, 80..=93, 94..=119, 244..=250, 251..=259];

/// Where the proof of a number, or of a part of it, is, if not in a table or scenario of this folder.
enum Proof {
    /// A test of its own: file of this folder and name.
    Own(&'static str, &'static str),
    /// A test of the crate whose concern it is: path in the repository and name.
    Elsewhere(&'static str, &'static str),
    /// What has to be there first, and what is left until then.
    Later(&'static str, &'static str),
    /// Why it cannot happen here.
    NotApplicable(&'static str),
}

use Proof::{Elsewhere, Later, NotApplicable, Own};

const KEYS: &str = "crates/auth/tests/it/keys.rs";
const SERVER: &str = "crates/auth/tests/it/server.rs";
const ASKING: &str = "crates/auth/tests/it/introspection.rs";
const POLICY: &str = "crates/fetch/tests/it/policy.rs";
const BOUNDS: &str = "crates/fetch/tests/it/bounds.rs";

const PROOFS: &[(u16, Proof)] = &[
    (19, Own("readiness.rs", "row_19_readiness_needs_no_token_and_is_503_with_the_reason_without_keys")),
    (
        40,
        Elsewhere(
            "crates/auth/tests/it/layer/presentation.rs",
            "row_40_a_token_for_one_resource_is_refused_at_the_other",
        ),
    ),
    (59, Elsewhere(SERVER, "a_token_is_remembered_until_it_ends_or_for_a_minute")),
    (60, Elsewhere(SERVER, "no_more_tokens_are_remembered_than_may_be")),
    (62, Elsewhere(KEYS, "a_key_that_is_gone_verifies_nothing_after_the_time_that_keys_are_fresh")),
    (63, Elsewhere(KEYS, "a_flood_of_unknown_keys_causes_one_fetch_per_cool_down_and_disturbs_nobody")),
    (65, Elsewhere(KEYS, "keys_that_cannot_be_fetched_again_are_used_on_until_they_are_too_old")),
    (66, Own("readiness.rs", "row_66_a_server_starts_without_keys_and_is_ready_once_it_has_them")),
    (69, Elsewhere(KEYS, "keys_may_be_on_another_host_that_the_config_names")),
    (70, Elsewhere(KEYS, "an_issuer_says_within_bounds_how_long_its_keys_are_fresh")),
    (71, Elsewhere(ASKING, "what_the_issuer_says_is_who_asks_and_is_remembered_for_a_short_while")),
    (76, Elsewhere(ASKING, "only_so_many_questions_are_open_and_who_is_remembered_notices_nothing")),
    (77, Elsewhere(ASKING, "what_the_issuer_says_is_who_asks_and_is_remembered_for_a_short_while")),
    (79, Elsewhere("crates/auth/tests/it/layer/logs.rs", "no_log_shows_a_token_wherever_it_was")),
    (94, Own("client.rs", "row_94_the_issuer_for_development_serves_this_machine_alone")),
    (98, NotApplicable("the issuer for development lives in the memory of one process: there is no second replica")),
    (98, Elsewhere("crates/issuer/tests/it/codes.rs", "of_redemptions_at_one_instant_exactly_one_succeeds")),
    (99, Elsewhere("crates/issuer/tests/it/codes.rs", "a_code_ends_after_a_minute")),
    (105, Elsewhere("crates/issuer/tests/it/consent.rs", "a_form_counts_once_and_for_ten_minutes")),
    (106, Elsewhere("crates/issuer/src/html.rs", "nothing_of_a_text_is_markup")),
    (106, Elsewhere("crates/issuer/src/html.rs", "long_names_are_cut_before_they_are_escaped")),
    (107, Elsewhere("crates/issuer/tests/it/authorization.rs", "the_resource_may_be_left_out_only_where_there_is_one")),
    (110, Elsewhere("crates/issuer/tests/it/registration.rs", "registration_can_be_off")),
    (110, Elsewhere("crates/issuer/tests/it/registration.rs", "clients_are_bounded_and_unused_ones_end_after_a_day")),
    (112, Elsewhere("crates/issuer/tests/it/documents.rs", "an_answer_that_is_no_document_is_answered_by_a_page")),
    (
        113,
        Elsewhere(
            "crates/fetch/src/fetcher.rs",
            "a_connection_without_a_known_peer_is_refused_only_where_the_reach_is_public",
        ),
    ),
    (114, Elsewhere("crates/issuer/tests/it/client_authentication.rs", "who_cannot_say_who_they_are_is_refused")),
    (
        115,
        Elsewhere(
            "crates/issuer/tests/it/client_authentication.rs",
            "an_unknown_client_takes_as_long_as_a_wrong_secret",
        ),
    ),
    (116, Elsewhere("crates/issuer/tests/it/tokens.rs", "codes_and_tokens_are_long_and_never_the_same")),
    (117, NotApplicable("the client half has only the grant of client credentials: no code comes back to it")),
    (118, Own("client.rs", "row_118_an_endpoint_that_is_no_place_is_not_opened")),
    (119, Own("client.rs", "row_119_a_redirect_does_not_take_the_token_along")),
    (244, Elsewhere("crates/fetch/src/target.rs", "only_plain_http_urls_to_public_addresses_are_targets")),
    (244, Elsewhere(KEYS, "a_private_address_is_not_asked_unless_the_config_allows_it")),
    (244, Elsewhere(POLICY, "a_special_use_address_is_refused_by_literal_before_anything_is_sent")),
    (245, Elsewhere(POLICY, "a_connection_opened_for_a_wide_reach_is_not_used_for_a_narrow_one")),
    (245, Elsewhere("crates/fetch/src/resolve.rs", "only_the_public_addresses_of_a_name_are_connected")),
    (246, Elsewhere(POLICY, "a_redirect_is_reported_and_not_followed")),
    (247, Elsewhere(BOUNDS, "a_body_that_never_pauses_and_never_ends_is_given_up")),
    (247, Elsewhere(BOUNDS, "an_answer_sent_compressed_is_not_expanded")),
    (248, Own("outgoing.rs", "row_248_only_http_is_fetched")),
    (
        249,
        Elsewhere("crates/server/src/http/auth.rs", "a_refusal_is_an_error_without_id_that_says_nothing_of_the_token"),
    ),
    (251, Later("telemetry", "no canary in spans (OTLP) and metrics")),
    (254, Later("telemetry", "labels of metrics are closed sets")),
    (255, Later("telemetry", "a trace of a caller is joined or begun anew, and sampled as we say")),
    (256, Elsewhere("crates/runtime/tests/it/calls.rs", "panic_fails_its_own_call_and_no_other")),
    (256, Elsewhere("crates/server/src/hardening.rs", "a_panic_is_told_by_its_place_and_not_by_what_it_says")),
    (257, Later("telemetry", "metrics are on a listener of their own")),
    (258, Later("audit", "who, which tool, a digest of the arguments, the outcome and the time, once per call")),
    (259, Elsewhere("crates/server/tests/it/program.rs", "no_core_is_ever_dumped")),
];

#[test]
fn every_number_of_the_catalogue_has_a_proof() {
    let mint = Mint::new("http://127.0.0.1:1", expected::RESOURCE, now());
    let mut proven: BTreeSet<u16> = site::cases(&mint, &mint).into_iter().map(|case| case.row).collect();
    proven.extend(site::scenarios().into_iter().flat_map(|scenario| scenario.rows));
    proven.extend(issuers::rows());
    proven.extend(development::scenarios().into_iter().flat_map(|scenario| scenario.rows));
    proven.extend(pages::scenarios().into_iter().flat_map(|scenario| scenario.rows));
    proven.extend(PROOFS.iter().map(|(row, _)| *row));
    let asked: BTreeSet<u16> = SECTIONS.into_iter().flatten().collect();
    let unproven: Vec<&u16> = asked.difference(&proven).collect();
    let unknown: Vec<&u16> = proven.difference(&asked).collect();
    assert!(unproven.is_empty() && unknown.is_empty(), "without a proof: {unproven:?}; in no section: {unknown:?}");
}

#[test]
fn every_test_that_a_proof_names_is_there() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut texts = BTreeMap::new();
    let mut missing = Vec::new();
    for (row, proof) in PROOFS {
        let (path, name) = match proof {
            Own(file, name) => (format!("crates/server/tests/it/attacks/{file}"), name),
            Elsewhere(path, name) => ((*path).to_owned(), name),
            Later(what, why) => {
                assert!(["telemetry", "audit"].contains(what) && !why.is_empty(), "row {row}");
                continue;
            }
            NotApplicable(why) => {
                assert!(!why.is_empty(), "row {row}");
                continue;
            }
        };
        let text = texts
            .entry(path.clone())
            .or_insert_with_key(|path| fs::read_to_string(repository.join(path)).unwrap_or_default());
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        let at = lines.iter().position(|line| line.contains(&format!("fn {name}(")));
        let is_test = |at: usize| {
            lines[at.saturating_sub(4)..at]
                .iter()
                .any(|line| line.starts_with("#[test]") || line.starts_with("#[tokio::test"))
        };
        if !at.is_some_and(is_test) {
            missing.push(format!("row {row}: {path}: {name}"));
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}
