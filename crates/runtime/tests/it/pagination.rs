//! Lists in pages: what a cursor leads to, also when the list has changed, and which cursors lead nowhere.

use std::sync::Arc;

use outboard_identity::Principal;
use outboard_protocol::error::code;
use outboard_protocol::types::CallToolResult;
use outboard_runtime::{
    Call, Catalog, DynamicTool, ListKind, NativeTool as _, Notify, Offer, OfferedTool, Operation, Runtime,
    RuntimeConfig,
};
use outboard_store::{KeyRing, Purpose, RootKey, Store, SystemClock};
use serde_json::Value;

use crate::fake::{Fake, prompt, resource, template};
use crate::support::{CATCH_UP, open_tool, operation, outcome, refusal, runtime_with, somebody, store, written};

fn tools(names: impl IntoIterator<Item = String>) -> Offer {
    let tool = |name: String| DynamicTool::new(open_tool(&name), |_, _| async { CallToolResult::text("") }).offered();
    Offer { tools: names.into_iter().map(tool).collect::<Vec<OfferedTool>>(), ..Offer::default() }
}

fn numbered(numbers: impl IntoIterator<Item = usize>) -> Offer {
    tools(numbers.into_iter().map(|number| format!("t{number}")))
}

fn of_three() -> RuntimeConfig {
    RuntimeConfig { page_items_max: 3, ..RuntimeConfig::default() }
}

/// A runtime with pages of three, and the provider of its tools.
fn paged(count: usize) -> (Runtime, Arc<Fake>) {
    let fake = Fake::new("fake", numbered(0..count));
    (runtime_with(Catalog::new("test", "1").provider(fake.clone()), of_three()), fake)
}

fn list(kind: ListKind, cursor: Option<&str>) -> Call {
    operation(Operation::List { kind, cursor: cursor.map(Into::into) })
}

/// One page of tools: their numbers, and the cursor.
async fn page(runtime: &Runtime, cursor: Option<&str>) -> (Vec<usize>, Option<String>) {
    let page = written(runtime, outcome(runtime, list(ListKind::Tools, cursor)).await);
    let number = |tool: &Value| tool["name"].as_str().unwrap().trim_start_matches('t').parse().unwrap();
    let numbers = page["tools"].as_array().unwrap().iter().map(number).collect();
    (numbers, page.get("nextCursor").map(|cursor| cursor.as_str().unwrap().to_owned()))
}

#[tokio::test]
async fn pages_together_are_the_list() {
    for (count, pages) in
        [(0, vec![0]), (1, vec![1]), (3, vec![3]), (4, vec![3, 1]), (7, vec![3, 3, 1]), (9, vec![3; 3])]
    {
        let (runtime, _) = paged(count);
        let (mut numbers, mut sizes, mut cursor) = (Vec::new(), Vec::new(), None);
        loop {
            let (found, next) = page(&runtime, cursor.as_deref()).await;
            sizes.push(found.len());
            numbers.extend(found);
            cursor = next;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!((numbers, sizes), ((0..count).collect(), pages), "{count}");
        assert_eq!(runtime.tools().len(), count);
    }
}

#[tokio::test]
async fn every_list_has_pages() {
    let offer = Offer {
        tools: numbered(0..4).tools,
        resources: (0..4).map(|number| resource("", &format!("a:{number}"))).collect(),
        templates: (0..4).map(|number| template("", &format!("b:{number}/{{x}}"))).collect(),
        prompts: (0..4).map(|number| prompt("", &format!("p{number}"))).collect(),
        ..Offer::default()
    };
    let runtime = runtime_with(Catalog::new("test", "1").provider(Fake::new("fake", offer)), of_three());
    let lists = [
        (ListKind::Tools, "tools"),
        (ListKind::Resources, "resources"),
        (ListKind::ResourceTemplates, "resourceTemplates"),
        (ListKind::Prompts, "prompts"),
    ];
    for (kind, member) in lists {
        let first = written(&runtime, outcome(&runtime, list(kind, None)).await);
        assert_eq!(first[member].as_array().map(Vec::len), Some(3), "{member}");
        let cursor = first["nextCursor"].as_str().unwrap();
        let second = written(&runtime, outcome(&runtime, list(kind, Some(cursor))).await);
        assert_eq!(second[member].as_array().map(Vec::len), Some(1), "{member}");
        for (other, _) in lists.into_iter().filter(|(other, _)| *other != kind) {
            let refused = refusal(outcome(&runtime, list(other, Some(cursor))).await);
            assert_eq!(refused.0, code::INVALID_PARAMS, "{member} is not {other:?}");
        }
    }
}

#[tokio::test]
async fn page_with_a_cursor_is_its_callers_and_a_whole_list_everybodys() {
    for (count, scope) in [(3, "public"), (4, "private")] {
        let (runtime, _) = paged(count);
        let page = written(&runtime, outcome(&runtime, list(ListKind::Tools, None)).await);
        assert_eq!((&page["cacheScope"], &page["ttlMs"]), (&scope.into(), &60_000.into()), "{count}");
    }
}

/// What comes of the second page when the list changes between the two.
#[tokio::test]
async fn list_that_changes_skips_and_repeats_nothing_that_stays() {
    let cases: [(&str, Vec<usize>, Vec<usize>); 8] = [
        ("nothing", (0..9).collect(), vec![3, 4, 5]),
        ("one is added at the beginning", [9].into_iter().chain(0..9).collect(), vec![3, 4]),
        ("two are removed before the cursor", (2..9).collect(), vec![3, 4]),
        ("the one at the cursor is removed", vec![0, 1, 3, 4, 5, 6], vec![3]),
        ("all but the first before the cursor are removed", vec![0, 3, 4, 5, 6], vec![3, 4]),
        ("the next one is removed", vec![0, 1, 2, 4, 5, 6], vec![4, 5, 6]),
        ("all behind the cursor are removed", vec![0, 1, 2], vec![]),
        ("all behind one that moved up are removed", vec![2], vec![]),
    ];
    for (what, after, expected) in cases {
        let (runtime, fake) = paged(9);
        let (first, cursor) = page(&runtime, None).await;
        assert_eq!(first, [0, 1, 2]);
        fake.offer(numbered(after.iter().copied()));
        runtime.refresh();
        let (second, next) = page(&runtime, cursor.as_deref()).await;
        assert_eq!(second, expected, "{what}");
        // The rest follows without a gap.
        let (mut rest, mut cursor) = (second, next);
        while let Some(next) = cursor {
            let (found, further) = page(&runtime, Some(&next)).await;
            rest.extend(found);
            cursor = further;
        }
        let stayed = after.iter().copied().filter(|number| (3..9).contains(number)).collect::<Vec<_>>();
        assert_eq!(rest.into_iter().filter(|number| *number < 9).collect::<Vec<_>>(), stayed, "{what}");
    }
}

#[tokio::test]
async fn cursor_whose_items_are_all_gone_leads_nowhere() {
    let (runtime, fake) = paged(9);
    let (_, cursor) = page(&runtime, None).await;
    fake.offer(numbered(3..9));
    runtime.refresh();
    let refused = refusal(outcome(&runtime, list(ListKind::Tools, cursor.as_deref())).await);
    assert_eq!(refused.0, code::INVALID_PARAMS);
}

#[tokio::test]
async fn cursor_that_was_not_given_for_this_is_refused() {
    let store = store();
    let fake = Fake::new("fake", numbered(0..9));
    let catalog = || Catalog::new("test", "1").provider(fake.clone());
    let on = |store: &Store| Runtime::new(catalog(), store.clone(), Notify::new(store, CATCH_UP), of_three()).unwrap();
    let runtime = on(&store);
    let (_, cursor) = page(&runtime, None).await;
    let cursor = cursor.unwrap();
    assert!(cursor.len() <= 130, "{}", cursor.len());

    let mut changed = cursor.clone().into_bytes();
    changed[50] = if changed[50] == b'A' { b'B' } else { b'A' };
    let elsewhere = KeyRing::new(vec![RootKey::generate()]).unwrap();
    let elsewhere = on(&Store::in_memory(Arc::new(elsewhere), Arc::new(SystemClock)));
    let foreign_key = page(&elsewhere, None).await.1.unwrap();
    let cases = [
        ("empty", String::new()),
        ("no seal", "eyJwYWdlIjogM30=".to_owned()),
        ("changed", String::from_utf8(changed).unwrap()),
        ("cut", cursor[..cursor.len() - 4].to_owned()),
        ("long", "A".repeat(257)),
        ("of an unknown key", foreign_key),
        ("sealed for something else", store.keys.seal(Purpose::State, b"", &[1])),
        ("sealed for nobody", store.keys.seal(Purpose::Cursor, b"", &[1])),
    ];
    for (what, cursor) in cases {
        let refused = refusal(outcome(&runtime, list(ListKind::Tools, Some(&cursor))).await);
        assert_eq!(refused.0, code::INVALID_PARAMS, "{what}");
        assert!(refused.1.contains("start again without one"), "{what}: {}", refused.1);
    }

    let as_caller = |principal: Principal| {
        let mut call = list(ListKind::Tools, Some(&cursor));
        call.principal = principal;
        call
    };
    let refused = refusal(outcome(&runtime, as_caller(somebody("else"))).await);
    assert_eq!(refused.0, code::INVALID_PARAMS, "it is another caller's");
    assert!(outcome(&runtime, as_caller(Principal::local())).await.is_ok(), "and stays good for its own");
}

#[tokio::test]
async fn cursor_is_good_on_every_replica() {
    let store = store();
    let catalog = || Catalog::new("test", "1").provider(Fake::new("fake", numbered(0..9)));
    let replica = || Runtime::new(catalog(), store.clone(), Notify::new(&store, CATCH_UP), of_three()).unwrap();
    let (_, cursor) = page(&replica(), None).await;
    assert_eq!(page(&replica(), cursor.as_deref()).await.0, [3, 4, 5]);
}

#[tokio::test]
async fn cursor_of_one_list_leads_nowhere_on_another() {
    let names: Vec<String> = (0..5).map(|number| format!("a:{number}")).collect();
    let prompts: Vec<String> = (0..5).map(|number| format!("t{number}")).collect();
    let offer = Offer {
        resources: names.iter().map(|uri| resource("fake", uri)).collect(),
        templates: names.iter().map(|uri| template("fake", &format!("{uri}/{{x}}"))).collect(),
        prompts: prompts.iter().map(|name| prompt("fake", name)).collect(),
        has_resources: true,
        has_prompts: true,
        ..numbered(0..5)
    };
    let runtime = runtime_with(Catalog::new("test", "1").provider(Fake::new("fake", offer)), of_three());
    let kinds = [ListKind::Tools, ListKind::Resources, ListKind::ResourceTemplates, ListKind::Prompts];
    for from in kinds {
        let first = written(&runtime, outcome(&runtime, list(from, None)).await);
        let cursor = first["nextCursor"].as_str().unwrap();
        for on in kinds {
            let next = outcome(&runtime, list(on, Some(cursor))).await;
            assert_eq!(next.is_ok(), on == from, "the cursor of {from:?} on {on:?}");
        }
    }
}
