//! What a tool keeps between calls: whose it is, how long, and how much.

use std::sync::Arc;
use std::time::Duration;

use outboard_identity::Principal;
use outboard_runtime::{Catalog, Context, Handle, Json, RuntimeConfig, StateConfig, StateError, tool};
use outboard_store::{KeyRing, RootKey};
use outboard_testkit::clock::FakeClock;
use outboard_testkit::down;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::asked::{Server, party};
use crate::support::{call, tool_result};

const HOUR: Duration = Duration::from_secs(3_600);

#[derive(Default, Serialize, Deserialize)]
struct Basket {
    things: Vec<String>,
}

#[derive(Serialize, JsonSchema)]
struct Made {
    basket: Handle,
}

/// Makes a basket.
#[tool]
async fn make(ctx: &Context, hours: Option<u32>) -> Result<Json<Made>, StateError> {
    let basket = ctx.state().create(&Basket::default(), hours.unwrap_or(1) * HOUR).await?;
    Ok(Json(Made { basket }))
}

/// Puts a thing into a basket.
#[tool]
async fn put(ctx: &Context, basket: Handle, thing: String) -> Result<String, StateError> {
    let put = |basket: &mut Basket| {
        basket.things.push(thing.clone());
        basket.things.len()
    };
    Ok(ctx.state().update(&basket, HOUR, put).await?.to_string())
}

/// Says what is in a basket.
#[tool]
async fn look(ctx: &Context, basket: Handle) -> Result<String, StateError> {
    Ok(ctx.state::<Basket>().get(&basket).await?.things.join(" "))
}

/// Reads a basket as something else.
#[tool]
async fn misread(ctx: &Context, basket: Handle) -> Result<String, StateError> {
    ctx.state::<String>().get(&basket).await
}

/// Throws a basket away.
#[tool]
async fn remove(ctx: &Context, basket: Handle) -> Result<&'static str, StateError> {
    ctx.state::<Basket>().remove(&basket).await.map(|()| "gone")
}

fn catalog() -> Catalog {
    Catalog::new("test", "1").tool(make).tool(put).tool(look).tool(misread).tool(remove)
}

fn served() -> Server {
    Server::new(catalog())
}

fn with_state(state: StateConfig) -> Server {
    Server::with(catalog(), RuntimeConfig { state, ..RuntimeConfig::default() }, &[1])
}

/// What a caller's tool says, and whether it is an error.
async fn say(server: &Server, who: &Principal, name: &str, arguments: Value) -> (String, bool) {
    let mut asked = call(name, &arguments);
    asked.principal = who.clone();
    let result = tool_result(server.answer(asked).await);
    let text = match &result.structured_content {
        Some(made) => made["basket"].as_str().unwrap().to_owned(),
        None => serde_json::to_value(&result.content).unwrap()[0]["text"].as_str().unwrap().to_owned(),
    };
    (text, result.is_error)
}

async fn made(server: &Server, who: &Principal) -> String {
    let (basket, is_error) = say(server, who, "make", json!({})).await;
    assert!(!is_error, "{basket}");
    basket
}

#[tokio::test]
async fn value_is_found_by_its_handle_in_a_later_call() {
    let (server, alice) = (served(), party("alice", "editor"));
    let basket = made(&server, &alice).await;
    assert_ne!(basket, made(&server, &alice).await);
    for (thing, number) in [("apples", "1"), ("pears", "2")] {
        let put = say(&server, &alice, "put", json!({"basket": basket, "thing": thing})).await;
        assert_eq!(put, (number.to_owned(), false));
    }
    let arguments = json!({ "basket": basket });
    assert_eq!(say(&server, &alice, "look", arguments.clone()).await, ("apples pears".to_owned(), false));
    assert_eq!(say(&server, &alice, "remove", arguments.clone()).await, ("gone".to_owned(), false));
    assert!(say(&server, &alice, "look", arguments.clone()).await.1);
    assert!(say(&server, &alice, "remove", arguments).await.1);
}

#[tokio::test]
async fn unknown_foreign_and_expired_handles_cannot_be_told_apart() {
    let (server, alice) = (served(), party("alice", "editor"));
    let basket = made(&server, &alice).await;
    let mine = json!({ "basket": basket });
    let unknown = say(&server, &alice, "look", json!({"basket": "AAAAAAAAAAAAAAAAAAAAAA"})).await;
    assert_eq!(unknown, ("there is nothing under this handle, or not any more: begin anew".to_owned(), true));
    assert_eq!(say(&server, &alice, "misread", mine.clone()).await, unknown);
    for text in ["", "x", "*", "../../etc", &"x".repeat(10_000)] {
        assert_eq!(say(&server, &alice, "look", json!({ "basket": text })).await, unknown, "{text}");
    }
    for other in [party("bob", "editor"), party("alice", "other"), Principal::local()] {
        for name in ["look", "remove"] {
            assert_eq!(say(&server, &other, name, mine.clone()).await, unknown, "{other:?} {name}");
        }
        assert_eq!(say(&server, &other, "put", json!({"basket": basket, "thing": "x"})).await, unknown, "{other:?}");
    }
    assert!(!say(&server, &alice, "look", mine.clone()).await.1, "it is there all the time");
    server.clock.advance(HOUR);
    for name in ["look", "remove"] {
        assert_eq!(say(&server, &alice, name, mine.clone()).await, unknown);
    }
}

#[tokio::test]
async fn change_makes_a_value_live_longer() {
    let (server, alice) = (served(), party("alice", "editor"));
    let basket = made(&server, &alice).await;
    server.clock.advance(HOUR / 2);
    assert!(!say(&server, &alice, "put", json!({"basket": basket, "thing": "x"})).await.1);
    server.clock.advance(HOUR / 2);
    assert_eq!(say(&server, &alice, "look", json!({ "basket": basket })).await, ("x".to_owned(), false));
}

#[tokio::test]
async fn changes_at_the_same_time_are_all_made() {
    let (server, alice) = (served(), party("alice", "editor"));
    let basket = made(&server, &alice).await;
    let put = |thing: &'static str| say(&server, &alice, "put", json!({"basket": basket, "thing": thing}));
    let done = futures_util::future::join_all(["a", "b", "c", "d"].map(put)).await;
    assert!(done.iter().all(|(_, is_error)| !is_error), "{done:?}");
    assert_eq!(say(&server, &alice, "look", json!({ "basket": basket })).await.0.len(), "a b c d".len());
}

#[tokio::test]
async fn number_size_and_time_of_values_are_bounded() {
    let alice = party("alice", "editor");
    let server = with_state(StateConfig { count_max: 2, ..StateConfig::default() });
    let first = made(&server, &alice).await;
    made(&server, &alice).await;
    let many = "there are 2 values kept already: remove one, or wait until one expires".to_owned();
    assert_eq!(say(&server, &alice, "make", json!({})).await, (many, true));
    assert!(!say(&server, &party("bob", "editor"), "make", json!({})).await.1, "another caller has its own");
    assert!(!say(&server, &alice, "remove", json!({ "basket": first })).await.1);
    assert!(!say(&server, &alice, "make", json!({})).await.1);

    let server = with_state(StateConfig { bytes_max: 20, ..StateConfig::default() });
    let basket = made(&server, &alice).await;
    let large = say(&server, &alice, "put", json!({"basket": basket, "thing": "1234567"})).await;
    assert_eq!(large, ("there is too much to keep: 22 bytes, where 20 is the most".to_owned(), true));
    assert!(!say(&server, &alice, "put", json!({"basket": basket, "thing": "12345"})).await.1);

    let server = with_state(StateConfig { age_max: HOUR, ..StateConfig::default() });
    let long = say(&server, &alice, "make", json!({"hours": 2})).await;
    assert_eq!(long, ("nothing is kept for 7200s: 3600s is the longest".to_owned(), true));
}

#[tokio::test]
async fn store_that_does_not_answer_is_another_error() {
    let clock = Arc::new(FakeClock::default());
    let keys = KeyRing::new(vec![RootKey::generate()]).unwrap();
    let store = down::store(Arc::new(keys), Arc::clone(&clock) as _);
    let server = Server::over(catalog(), RuntimeConfig::default(), store, clock);
    let expected = ("what is kept cannot be reached now: try again later".to_owned(), true);
    let basket = json!({"basket": "AAAAAAAAAAAAAAAAAAAAAA", "thing": "x"});
    assert_eq!(say(&server, &Principal::local(), "make", json!({})).await, expected);
    assert_eq!(say(&server, &Principal::local(), "put", basket).await, expected);
    for name in ["look", "remove"] {
        let basket = json!({"basket": "AAAAAAAAAAAAAAAAAAAAAA"});
        assert_eq!(say(&server, &Principal::local(), name, basket).await, expected, "{name}");
    }
}

#[tokio::test]
async fn handle_is_a_text_to_clients_and_shown_to_nobody_else() {
    let tools = served().runtime.tools();
    let put = tools.iter().find(|tool| tool.name == "put").unwrap();
    assert_eq!(put.input_schema["properties"]["basket"]["type"], "string");
    let handle = Handle::from("secret");
    assert_eq!((format!("{handle:?}"), handle.to_string()), ("Handle(..)".to_owned(), "secret".to_owned()));
}
