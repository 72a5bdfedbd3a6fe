//! Rows 102, 104 to 106: what a user of `serve --dev-issuer` sees, and that nobody else can answer for them.

use url::form_urlencoded;

use super::Scenario;
use super::asked::{Answer, Asked};
use super::attacked::play;
use super::development::{Development, REDIRECT};

pub(super) fn scenarios() -> Vec<Scenario<Development>> {
    vec![
        Scenario { rows: &[104, 105, 106], name: "consent", run: consent },
        Scenario { rows: &[102], name: "localhost is warned of", run: localhost_is_warned_of },
    ]
}

/// What a browser sends when a button of the page is pressed.
fn press(at: &Development, page: &Answer, lines: &[&str], button: (&str, &str), changes: &[(&str, &str)]) -> Answer {
    let mut fields = fields(page);
    for (name, value) in changes {
        fields.retain(|(field, _)| field != name);
        fields.push(((*name).to_owned(), (*value).to_owned()));
    }
    fields.push((button.0.to_owned(), button.1.to_owned()));
    let action = page.body.split("action=\"").nth(1).unwrap().split('"').next().unwrap();
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let asked = Asked::new("POST", action).line("Content-Type: application/x-www-form-urlencoded").body(body);
    at.attacked.ask(&lines.iter().fold(asked, |asked, line| asked.line(line)))
}

/// The hidden fields of a page's form.
fn fields(page: &Answer) -> Vec<(String, String)> {
    let inputs = page.body.split("<input type=\"hidden\" name=\"").skip(1);
    let fields = inputs.map(|input| {
        let mut parts = input.split('"');
        (parts.next().unwrap().to_owned(), parts.nth(1).unwrap().to_owned())
    });
    fields.collect()
}

/// The cookie that a page set, as it is sent back.
fn cookie(at: &Development, page: &Answer) -> String {
    let set = page.header("set-cookie").expect("a cookie");
    assert!(set.contains("HttpOnly") && set.contains("SameSite="), "{set}");
    let pair = set.split(';').next().unwrap();
    at.attacked.secrets.borrow_mut().token(pair.split_once('=').unwrap().1);
    format!("Cookie: {pair}")
}

/// The consent page of a user who signed in, and their cookie.
fn consent_page(at: &Development, changes: &[(&str, &str)]) -> (Answer, String) {
    let sign_in = at.attacked.ask(&at.authorization(changes));
    assert_eq!(sign_in.status, 200, "{sign_in:?}");
    let signed_in = press(at, &sign_in, &[&cookie(at, &sign_in), &origin(at)], ("user", "alice"), &[]);
    assert_eq!(signed_in.status, 303, "{signed_in:?}");
    let cookie = cookie(at, &signed_in);
    let request = signed_in.header("location").expect("the way back to the request");
    let page = at.attacked.ask(&Asked::new("GET", request).line(&cookie));
    assert_eq!(page.status, 200, "{page:?}");
    (page, cookie)
}

fn origin(at: &Development) -> String {
    format!("Origin: {}", at.origin())
}

fn consent(at: &Development) {
    const APPROVE: (&str, &str) = ("decision", "approve");
    let (page, cookie) = consent_page(at, &[]);
    let policy = page.header("content-security-policy").expect("a policy");
    assert!(policy.contains("frame-ancestors 'none'") && policy.contains("default-src 'none'"), "{policy}");
    assert!(page.body.contains("127.0.0.1:33418") && !page.body.contains("<script"), "{}", page.body);
    let own = origin(at);
    let (_, strangers) = consent_page(at, &[]);
    type Wrong<'a> = (&'a str, &'a [&'a str], &'a [(&'a str, &'a str)]);
    let wrong: [Wrong<'_>; 6] = [
        ("no token", &[&cookie, &own], &[("csrf", "")]),
        ("another token", &[&cookie, &own], &[("csrf", "x")]),
        ("no cookie", &[&own], &[]),
        ("the cookie of another", &[&strangers, &own], &[]),
        ("a foreign page", &[&cookie, "Origin: https://evil.example"], &[]),
        ("no origin", &[&cookie], &[]),
    ];
    for (name, lines, changes) in wrong {
        let answer = press(at, &page, lines, APPROVE, changes);
        assert_eq!((answer.status, answer.header("location")), (403, None), "{name}: {answer:?}");
    }
    let approved = press(at, &page, &[&cookie, &own], APPROVE, &[]);
    let code = at.sent_back(&approved)["code"].clone();
    assert_eq!(at.redeem(&code, &[]).status, 200);
    // Once.
    let again = press(at, &page, &[&cookie, &own], APPROVE, &[]);
    assert_eq!((again.status, again.header("location")), (400, None), "{again:?}");
    // Any program here could be the client, so its user is asked again; so are those of all others.
    let with_cookie = |changes: &[(&str, &str)]| at.attacked.ask(&at.authorization(changes).line(&cookie));
    let second = at.register(&serde_json::json!({"redirect_uris": [REDIRECT], "token_endpoint_auth_method": "none"}));
    let second = second.json()["client_id"].as_str().unwrap().to_owned();
    let cases: [&[(&str, &str)]; 3] =
        [&[], &[("client_id", second.as_str())], &[("redirect_uri", "http://127.0.0.1:1/callback")]];
    for changes in cases {
        let answer = with_cookie(changes);
        assert_eq!((answer.status, answer.header("location")), (200, None), "{changes:?}: {answer:?}");
    }
    // As a picture of any page's it would be loaded without anybody's seeing it.
    let picture = at.attacked.ask(&at.authorization(&[]).line(&cookie).line("Sec-Fetch-Dest: image"));
    assert_eq!((picture.status, picture.header("location")), (403, None), "{picture:?}");
}

fn localhost_is_warned_of(at: &Development) {
    let uris = ["http://127.0.0.1/cb", "http://[::1]/cb", "http://localhost:5000/cb"];
    for uri in uris {
        let client = at.register(&serde_json::json!({"redirect_uris": [uri], "token_endpoint_auth_method": "none"}));
        assert_eq!(client.status, 201, "{uri}: {client:?}");
        let client = client.json()["client_id"].as_str().unwrap().to_owned();
        let with_port = uri.replace("127.0.0.1/", "127.0.0.1:1234/").replace("[::1]/", "[::1]:1234/");
        let (page, _) = consent_page(at, &[("client_id", &client), ("redirect_uri", &with_port)]);
        assert!(page.body.contains("program on this computer"), "{uri}: {}", page.body);
    }
}

#[test]
fn every_attack_on_the_pages_of_the_issuer_has_its_answer() {
    let development = Development::start(&[]);
    play(&development, &development.attacked, &scenarios());
    development.attacked.end();
}
