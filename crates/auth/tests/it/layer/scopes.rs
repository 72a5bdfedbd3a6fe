//! A token that is good and does not reach.

use outboard_auth::{Denied, GrantedScopes, RequireLayer, RequireService, Requirement, ScopeHierarchy};

use super::*;

/// A route behind both layers that requires this.
fn route(config: ResourceServerConfig, requirement: Requirement) -> AuthService<RequireService<Behind>> {
    AuthLayer::new(server(config)).layer(RequireLayer::new(requirement).layer(Behind::default()))
}

fn requiring(scopes: &str) -> Requirement {
    Requirement::all_of(scopes.parse().unwrap())
}

fn denied() -> Denied {
    requiring("mcp:write files:x").check(&"files:x".parse().unwrap()).unwrap_err()
}

#[tokio::test]
async fn row_80_one_challenge_names_all_that_the_route_needs() {
    let service = route(config(RESOURCE), requiring("notes:read notes:write files:x"));
    let answer = send(&service, bearing(KEY)).await;
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    let challenge = format!(
        "Bearer error=\"insufficient_scope\", scope=\"files:x notes:read notes:write\", resource_metadata=\"{METADATA}\", \
         error_description=\"the token does not grant every scope that this needs\""
    );
    assert_eq!(challenge_of(&answer), challenge);
    let body = "{\"error\":\"insufficient_scope\",\
                \"error_description\":\"the token does not grant every scope that this needs\"}";
    assert_eq!(answer.body(), body);
}

#[tokio::test]
async fn row_80_one_challenge_names_what_layers_further_out_require_too() {
    let tenants = Requirement::any_of("tenant:a".parse().unwrap(), ["notes:read".parse().unwrap()]);
    // From the inside out; the key grants `notes:read`.
    let cases: [(&[Requirement], Option<&str>); 6] = [
        (&[requiring("notes:clear"), requiring("notes:read")], Some("notes:clear notes:read")),
        (&[requiring("notes:clear"), tenants.clone()], Some("notes:clear notes:read")),
        (&[requiring("a"), requiring("notes:read"), tenants.clone()], Some("a notes:read")),
        (&[requiring("a"), Requirement::default(), requiring("notes:read")], Some("a notes:read")),
        // What is required further in is not known yet.
        (&[requiring("a"), requiring("b")], Some("b")),
        (&[requiring("notes:read"), tenants], None),
    ];
    for (requirements, scopes) in cases {
        let layers: Vec<_> = requirements.iter().cloned().map(RequireLayer::new).collect();
        let answer = match &layers[..] {
            [inner, outer] => {
                let service =
                    AuthLayer::new(server(config(RESOURCE))).layer(outer.layer(inner.layer(Behind::default())));
                send(&service, bearing(KEY)).await
            }
            [inner, middle, outer] => {
                let layers = outer.layer(middle.layer(inner.layer(Behind::default())));
                send(&AuthLayer::new(server(config(RESOURCE))).layer(layers), bearing(KEY)).await
            }
            other => panic!("{} layers", other.len()),
        };
        match scopes {
            None => assert_eq!(answer.status(), StatusCode::OK),
            Some(scopes) => {
                assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{scopes}");
                let challenge = challenge_of(&answer);
                assert!(challenge.contains(&format!(" scope=\"{scopes}\",")), "{scopes}: {challenge}");
            }
        }
    }
}

#[tokio::test]
async fn who_was_granted_enough_is_served() {
    let served = send(&route(config(RESOURCE), requiring("notes:read")), bearing(KEY)).await;
    assert_eq!(served.status(), StatusCode::OK);
    let free = send(&route(config(RESOURCE), Requirement::default()), bearing(KEY)).await;
    assert_eq!(free.status(), StatusCode::OK);
    let mut broad = config(RESOURCE);
    broad.hierarchy = ScopeHierarchy::new([("notes:read".parse().unwrap(), "notes:list".parse().unwrap())]);
    let implied = send(&route(broad, requiring("notes:list")), bearing(KEY)).await;
    assert_eq!(implied.status(), StatusCode::OK);
    let no_token = send(&route(config(RESOURCE), requiring("notes:read")), request("POST", "/mcp")).await;
    assert_eq!(no_token.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_route_that_nobody_guards_is_our_mistake() {
    let alone = RequireLayer::new(Requirement::default()).layer(Behind::default());
    assert_eq!(send(&alone, request("POST", "/mcp")).await.status(), StatusCode::INTERNAL_SERVER_ERROR);
    let mut known = request("POST", "/mcp");
    known.extensions_mut().insert(Principal::api_key("a", GrantedScopes::All));
    assert_eq!(send(&alone, known).await.status(), StatusCode::OK);
}

/// Asks a service behind the layer that answers this.
async fn behind_layer(answer: fn() -> Response<Bytes>) -> Response<Bytes> {
    let behind = tower::service_fn(move |_: Request<Unread>| ready(Ok::<_, Infallible>(answer())));
    send(&AuthLayer::new(server(config(RESOURCE))).layer(behind), bearing(KEY)).await
}

#[tokio::test]
async fn any_service_can_deny_and_is_left_alone_otherwise() {
    let answer = behind_layer(|| denied_response(denied())).await;
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    assert!(challenge_of(&answer).contains("scope=\"files:x mcp:write\""), "{}", challenge_of(&answer));
    assert_eq!(answer.extensions().get(), Some(&denied()), "layers further out see why");

    let forbidden = behind_layer(|| {
        let mut response = Response::new(Bytes::from_static(b"not for you"));
        *response.status_mut() = StatusCode::FORBIDDEN;
        response
    });
    let forbidden = forbidden.await;
    assert_eq!((forbidden.status(), forbidden.headers().len()), (StatusCode::FORBIDDEN, 1));
    assert_eq!(forbidden.headers()[header::CACHE_CONTROL], "no-store", "what is for one caller is kept for nobody");

    let begun = behind_layer(|| {
        let mut response = Response::new(Bytes::from_static(b"streaming"));
        response.extensions_mut().insert(denied());
        response
    });
    let begun = begun.await;
    assert_eq!((begun.status(), begun.headers().len()), (StatusCode::OK, 1));
}
