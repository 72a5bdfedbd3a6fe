//! What each preset shows: where its metadata stands, and what its tokens look like for a program and for a person.

use super::*;

const TENANT: &str = "11111111-1111-4111-8111-111111111111";
const APP: &str = "22222222-2222-4222-8222-222222222222";
const OAUTH: &str = "/.well-known/oauth-authorization-server";
const OPENID: &str = "/.well-known/openid-configuration";

/// Starts a preset and checks that its metadata names its issuer and stands at these paths only.
async fn preset(config: &Value, issuer: impl Fn(&str) -> String, at: &[&str]) -> OidcProvider {
    let server = OidcProvider::start(config).await;
    let issuer = issuer(server.base());
    assert_eq!(server.issuer(), issuer);
    let path = server.issuer().strip_prefix(server.base()).unwrap_or_default().trim_end_matches('/');
    let everywhere = [
        OAUTH.to_owned(),
        OPENID.to_owned(),
        format!("{OAUTH}{path}"),
        format!("{OPENID}{path}"),
        format!("{path}{OAUTH}"),
        format!("{path}{OPENID}"),
    ];
    for place in everywhere {
        let answer = server.get(&format!("{}{place}", server.base())).await;
        if at.contains(&&*place) {
            assert_eq!((answer.status, &answer.json()["issuer"]), (StatusCode::OK, &issuer.clone().into()), "{place}");
        } else {
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{place}");
        }
    }
    server
}

/// The access tokens of the program `svc` and of Alice, opened after a check of their signatures.
async fn tokens(server: &OidcProvider, parameters: &[(&str, &str)]) -> [UnverifiedJwt; 2] {
    let service = server.client_credentials(parameters).await.json();
    let person = server.code_flow_with("alice", parameters).await;
    let mut opened = Vec::new();
    for answer in [service, person] {
        let token = text(&answer, "access_token");
        verified(server, token).await;
        opened.push(UnverifiedJwt::open(token));
    }
    opened.try_into().unwrap()
}

#[tokio::test]
async fn plain_is_what_the_rfcs_say() {
    let metadata = [format!("{OAUTH}/a/b"), format!("/a/b{OPENID}")];
    let metadata = metadata.each_ref().map(String::as_str);
    preset(&json!({"path": "/a/b"}), |base| format!("{base}/a/b"), &metadata).await;
    preset(&json!({}), str::to_owned, &[OAUTH, OPENID]).await;
}

#[tokio::test]
async fn entra_has_scp_roles_and_azp_or_appid() {
    let scope = format!("openid api://{APP}/tools:read");
    for (variant, version, audience, client) in
        [(json!(null), "2.0", APP.to_owned(), "azp"), (json!("v1"), "1.0", format!("api://{APP}"), "appid")]
    {
        let path = if version == "2.0" { format!("/{TENANT}/v2.0") } else { format!("/{TENANT}") };
        let slash = if version == "2.0" { "" } else { "/" };
        let issuer = |base: &str| format!("{base}{path}{slash}");
        let config = json!({"preset": "entra", "variant": variant});
        let server = preset(&config, issuer, &[&format!("{path}{OPENID}")]).await;
        let metadata = server.get(server.metadata_url()).await.json();
        assert_members(&metadata, &json!({}), &["code_challenge_methods_supported", "registration_endpoint"]);
        assert!(published(&server).await.iter().all(|key| key.get("alg").is_none()));

        let [service, person] = tokens(&server, &[("scope", &scope)]).await;
        let never =
            ["scope", "client_id", "jti", "azp", "appid"].map(|name| if name == client { "none" } else { name });
        let common = json!({"iss": server.issuer(), "aud": audience, "tid": TENANT, "ver": version});
        for token in [&service, &person] {
            assert_eq!(token.header["typ"], "JWT");
            assert_members(&token.claims, &common, &never);
        }
        assert_members(&service.claims, &json!({client: "svc", "roles": ["Reader"]}), &["scp", "name"]);
        let expected = json!({client: "native", "scp": "tools:read", "roles": ["Reader", "Writer"], "name": "Alice"});
        assert_members(&person.claims, &expected, &[]);
        assert_ne!(person.claims["oid"], person.claims["sub"]);
        assert_eq!(service.claims["oid"], service.claims["sub"]);

        let all = server.code_flow_with("bob", &[("scope", &format!("api://{APP}/.default"))]).await;
        assert_eq!(UnverifiedJwt::open(text(&all, "access_token")).claims["scp"], "tools:read tools:write");
        let refused = server.authorize("alice", &[("scope", &scope), ("resource", "https://rs.example/mcp")]).await;
        assert_eq!(refused["error"], "invalid_target");
        assert!(refused["error_description"].starts_with("AADSTS9010010"), "{refused:?}");
    }
}

#[tokio::test]
async fn keycloak_has_its_own_audience_and_roles_in_two_places() {
    let cases = [(json!(null), json!("account")), (json!("audience-mapper"), json!(["outboard-api", "account"]))];
    for (variant, audience) in cases {
        let config = json!({"preset": "keycloak", "variant": variant});
        let issuer = |base: &str| format!("{base}/realms/outboard");
        let server = preset(&config, issuer, &[&format!("/realms/outboard{OPENID}")]).await;
        assert!(published(&server).await.iter().any(|key| key["use"] == "enc"));
        // The parameter `resource` changes nothing.
        let asked = [("scope", "openid tools:read"), ("resource", "https://rs.example/mcp")];
        let [service, person] = tokens(&server, &asked).await;
        for token in [&service, &person] {
            assert_eq!(token.header["typ"], "JWT");
            let expected = json!({"iss": server.issuer(), "aud": audience, "typ": "Bearer"});
            assert_members(&token.claims, &expected, &["scp", "permissions"]);
        }
        let expected = json!({"azp": "svc", "client_id": "svc", "preferred_username": "service-account-svc"});
        assert_members(&service.claims, &expected, &["name"]);
        let expected = json!({"azp": "native", "scope": "openid tools:read", "preferred_username": "alice"});
        assert_members(&person.claims, &expected, &["client_id"]);
        assert_eq!(person.claims["realm_access"]["roles"], json!(["default-roles-outboard", "Reader", "Writer"]));
        assert_eq!(person.claims["resource_access"]["outboard-api"]["roles"], json!(["Reader", "Writer"]));
    }
}

#[tokio::test]
async fn auth0_asks_for_an_audience_and_names_permissions() {
    let api = "https://api.example.com/";
    let cases =
        [(json!(null), "JWT", "azp", ["jti", "client_id"]), (json!("rfc9068"), "at+jwt", "client_id", ["azp", "gty"])];
    for (variant, typ, client, never) in cases {
        let config = json!({"preset": "auth0", "variant": variant});
        let server = preset(&config, |base| format!("{base}/"), &[OPENID, OAUTH]).await;
        let asked = [("audience", api), ("scope", "openid tools:read"), ("resource", "https://rs.example/mcp")];
        let [service, person] = tokens(&server, &asked).await;
        for token in [&service, &person] {
            assert_eq!(token.header["typ"], typ);
            assert_members(&token.claims, &json!({"iss": format!("{}/", server.base())}), &never);
        }
        assert_members(&service.claims, &json!({client: "svc", "sub": "svc@clients"}), &[]);
        let both = json!([api, format!("{}/userinfo", server.base())]);
        let expected = json!({
            client: "native", "sub": "auth0|alice", "aud": both, "scope": "openid tools:read",
            "permissions": ["tools:read", "tools:write"],
        });
        assert_members(&person.claims, &expected, &[]);
        let one = server.code_flow_with("bob", &[("audience", api), ("scope", "tools:read")]).await;
        let expected = json!({"aud": api, "permissions": ["tools:read"]});
        assert_members(&UnverifiedJwt::open(text(&one, "access_token")).claims, &expected, &[]);

        let opaque = server.code_flow_with("alice", &[("scope", "openid")]).await;
        assert!(!text(&opaque, "access_token").contains('.'));
        let refused = server.authorize("alice", &[("audience", "https://other.example/")]).await;
        assert_eq!(refused["error"], "access_denied");
    }
}

#[tokio::test]
async fn okta_has_a_list_of_scopes_and_names_the_client_cid() {
    let custom = ["/oauth2/default".to_owned() + OPENID, "/oauth2/default".to_owned() + OAUTH];
    let custom = custom.each_ref().map(String::as_str);
    for (variant, path, typ, metadata) in [
        (json!(null), "/oauth2/default", json!(null), custom),
        (json!("org"), "", json!("application/okta-internal-at+jwt"), [OPENID, OAUTH]),
    ] {
        let config = json!({"preset": "okta", "variant": variant});
        let server = preset(&config, |base| format!("{base}{path}"), &metadata).await;
        let [service, person] = tokens(&server, &[("scope", "openid tools:read")]).await;
        let audience = if path.is_empty() { server.base() } else { "api://default" };
        for token in [&service, &person] {
            assert_eq!(token.header.get("typ").cloned().unwrap_or_default(), typ);
            let expected = json!({"ver": 1, "iss": server.issuer(), "aud": audience});
            assert_members(&token.claims, &expected, &["client_id", "azp", "scope"]);
        }
        assert_members(&service.claims, &json!({"cid": "svc", "sub": "svc"}), &["uid"]);
        let expected = json!({
            "cid": "native", "sub": "alice@example.com", "uid": "00u0000000000alice00", "scp": ["openid", "tools:read"],
        });
        assert_members(&person.claims, &expected, &[]);
    }
}

#[tokio::test]
async fn google_has_opaque_tokens_and_its_own_way_to_judge_them() {
    let server = preset(&json!({"preset": "google"}), |_| "https://accounts.google.com".to_owned(), &[OPENID]).await;
    let metadata = server.get(server.metadata_url()).await.json();
    assert_members(&metadata, &json!({}), &["introspection_endpoint", "registration_endpoint"]);
    assert_eq!(metadata["token_endpoint"], format!("{}/token", server.base()));
    let answer = server.code_flow_with("alice", &[("scope", "openid tools:read")]).await;
    let expected = json!({"iss": "https://accounts.google.com", "aud": "native", "azp": "native", "sub": "alice"});
    assert_members(&verified(&server, text(&answer, "id_token")).await, &expected, &[]);

    let token = text(&answer, "access_token");
    assert!(!token.contains('.'));
    let tokeninfo = |token: &str| format!("{}/tokeninfo?access_token={token}", server.base());
    let told = server.get(&tokeninfo(token)).await.json();
    let expected = json!({"aud": "native", "azp": "native", "sub": "alice", "scope": "openid tools:read"});
    assert_members(&told, &expected, &["active", "iss"]);
    assert!(told["exp"].is_string() && told["expires_in"].is_string(), "{told}");
    assert!(server.revoke(token).await);
    let refused = server.get(&tokeninfo(token)).await;
    assert_eq!((refused.status, &refused.json()["error"]), (StatusCode::BAD_REQUEST, &json!("invalid_token")));
}
