//! The forges as OAuth 2.0 providers: from the application to the tokens, and what is refused on the way.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use doubles::forge::{Flavour, Forge};
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};

use crate::browser::{Answer, Browser};
use crate::standing::{Caller, FLAVOURS, ROOT_URL, basic, builder, forge, form, in_query, signed_in, with};

const CALLBACK: &str = "http://edge.test/ci/authorize";
const APPLICATIONS: &str = "/user/applications/oauth2";

struct Client {
    number: u64,
    id: String,
    secret: String,
}

async fn client(forge: &Forge, redirect_uris: &[&str], confidential: bool) -> Client {
    let wanted = json!({ "name": "ci", "redirect_uris": redirect_uris, "confidential_client": confidential });
    let answer = Caller::smoke(forge).post(APPLICATIONS, wanted).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    read(&answer.json())
}

fn read(made: &Value) -> Client {
    let text = |name: &str| made[name].as_str().unwrap().to_owned();
    Client { number: made["id"].as_u64().unwrap(), id: text("client_id"), secret: text("client_secret") }
}

fn authorize(fields: &[(&str, &str)]) -> String {
    format!("/login/oauth/authorize?{}", form(fields))
}

fn asks<'a>(client: &'a Client, redirect_uri: &'a str, state: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![("client_id", &client.id), ("redirect_uri", redirect_uri), ("response_type", "code"), ("state", state)]
}

/// Sends the consent page's form with this decision.
async fn decide(browser: &mut Browser, page: &Answer, granted: &str) -> Answer {
    let names = page.attributes("form[action$='/grant'] input[type=hidden]", "name");
    let values = page.attributes("form[action$='/grant'] input[type=hidden]", "value");
    let mut fields: Vec<(&str, &str)> = names.iter().zip(&values).map(|(name, value)| (&**name, &**value)).collect();
    fields.push(("granted", granted));
    let action = page.attributes("form[action$='/login/oauth/grant']", "action").remove(0);
    browser.post(action.strip_prefix("/forge").unwrap(), &form(&fields)).await
}

/// A code for the client, with consent.
async fn code(browser: &mut Browser, fields: &[(&str, &str)]) -> String {
    let page = browser.get(&authorize(fields)).await;
    let answer = if page.status == 200 { decide(browser, &page, "true").await } else { page };
    assert_eq!(answer.status, 303, "{}", answer.body);
    in_query(&answer.location.unwrap(), "code").unwrap()
}

async fn exchange(forge: &Forge, fields: &[(&str, &str)]) -> Answer {
    Browser::new(forge.addr()).post("/login/oauth/access_token", &form(fields)).await
}

fn with_code<'a>(client: &'a Client, code: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("client_id", &client.id),
        ("client_secret", &client.secret),
        ("code", code),
        ("grant_type", "authorization_code"),
        ("redirect_uri", CALLBACK),
    ]
}

fn error(answer: &Answer) -> (u16, String, String) {
    let json = answer.json();
    let text = |name: &str| json[name].as_str().unwrap().to_owned();
    (answer.status, text("error"), text("error_description"))
}

#[tokio::test]
async fn the_whole_dance() {
    for flavour in FLAVOURS {
        let forge = forge(flavour).await;
        let client = client(&forge, &[CALLBACK, "http://other.test/cb"], true).await;
        let start = authorize(&asks(&client, CALLBACK, "S 1&"));

        // Signed out: first the sign-in, which comes back here.
        let mut browser = Browser::new(forge.addr());
        let away = browser.get(&start).await;
        assert_eq!(away.status, 303);
        assert!(away.location.unwrap().starts_with("/forge/user/login"));
        let login = browser.get("/user/login").await;
        let token = login.attributes("input[name=_csrf]", "value").join("");
        let fields = form(&[("user_name", "smoke"), ("password", "right"), ("_csrf", &token)]);
        let target = match flavour {
            Flavour::Gitea => format!("/user/login?{}", form(&[("redirect_to", &format!("/forge{start}"))])),
            Flavour::Forgejo => "/user/login".to_owned(),
        };
        let back = browser.post(&target, &fields).await;
        assert_eq!(back.location, Some(format!("/forge{start}")), "{flavour:?}");

        // Consent, with what the form must send along.
        let page = browser.get(&start).await;
        assert_eq!(page.status, 200);
        let mut hidden = page.attributes("form[action$='/grant'] input[type=hidden]", "name");
        hidden.retain(|name| name != "_csrf");
        assert_eq!(hidden, ["client_id", "state", "scope", "nonce", "redirect_uri"]);
        let refused = decide(&mut browser, &page, "false").await.location.unwrap();
        assert_eq!(
            refused,
            format!("{CALLBACK}?error=access_denied&error_description=the+request+is+denied&state=S+1%26")
        );
        let granted = decide(&mut browser, &page, "true").await;
        assert_eq!((granted.status, granted.content_type), (303, None));
        let location = granted.location.unwrap();
        assert!(
            location.starts_with(&format!("{CALLBACK}?code=gta_")) && location.ends_with("&state=S+1%26"),
            "{location}"
        );

        // A token for the code, once.
        let code = in_query(&location, "code").unwrap();
        let answer = exchange(&forge, &with_code(&client, &code)).await;
        assert_eq!((answer.status, answer.content_type.as_deref()), (200, Some("application/json;charset=utf-8")));
        let tokens = answer.json();
        assert_eq!(
            (&tokens["token_type"], &tokens["expires_in"], tokens.get("id_token")),
            (&json!("bearer"), &json!(3600), None)
        );
        let again = error(&exchange(&forge, &with_code(&client, &code)).await);
        assert_eq!(again, (400, "unauthorized_client".to_owned(), "client is not authorized".to_owned()));
        for scheme in ["Bearer", "token"] {
            let authorization = format!("{scheme} {}", tokens["access_token"].as_str().unwrap());
            let me = Caller { forge: &forge, authorization }.get("/user").await;
            assert_eq!((me.status, &me.json()["login"]), (200, &json!("smoke")));
        }

        // The second time nobody is asked.
        let second = browser.get(&authorize(&asks(&client, CALLBACK, "S2"))).await;
        assert_eq!(second.status, 303);
        assert_eq!(in_query(&second.location.unwrap(), "state").as_deref(), Some("S2"));
    }
}

#[tokio::test]
async fn who_is_sent_back_nowhere_or_with_an_error() {
    for flavour in FLAVOURS {
        let forge = forge(flavour).await;
        let secret = client(&forge, &[CALLBACK], true).await;
        let public = client(&forge, &["http://127.0.0.1/cb"], false).await;
        let mut browser = signed_in(&forge).await;
        for (fields, words) in [
            (vec![("client_id", "nope"), ("redirect_uri", CALLBACK)], "Client ID not registered"),
            (asks(&secret, "http://localhost:8000/authorize", ""), "Unregistered Redirect URI"),
            (asks(&secret, "", ""), "Unregistered Redirect URI"),
            (asks(&secret, "http://edge.test/authorize", ""), "Unregistered Redirect URI"),
        ] {
            let page = browser.get(&authorize(&fields)).await;
            assert_eq!((page.status, page.location.as_deref()), (400, None), "{fields:?}");
            assert!(page.body.contains(words), "{}", page.body);
        }
        for (fields, code) in [
            (
                vec![("response_type", "token"), ("redirect_uri", CALLBACK), ("client_id", &secret.id)],
                "unsupported_response_type",
            ),
            ([asks(&secret, CALLBACK, ""), vec![("code_challenge_method", "S512")]].concat(), "invalid_request"),
            (asks(&public, "http://127.0.0.1:5555/cb", ""), "invalid_request"),
        ] {
            let answer = browser.get(&authorize(&fields)).await;
            assert_eq!(in_query(&answer.location.unwrap(), "error").as_deref(), Some(code));
        }
        // What the page asked is what counts, not what comes back.
        let page = browser.get(&authorize(&asks(&secret, CALLBACK, "S1"))).await;
        let csrf = page.attributes("form[action$='/grant'] input[name=_csrf]", "value").join("");
        let forged = [
            ("client_id", &*secret.id),
            ("state", "other"),
            ("redirect_uri", CALLBACK),
            ("granted", "true"),
            ("_csrf", &csrf),
        ];
        let answer = browser.post("/login/oauth/grant", &form(&forged)).await;
        assert_eq!((answer.status, answer.body.as_str()), (400, "Bad Request\n"), "{flavour:?}");
    }
}

#[tokio::test]
async fn what_the_token_endpoint_refuses() {
    let forge = forge(Flavour::Forgejo).await;
    let client = client(&forge, &[CALLBACK], true).await;
    let mut browser = signed_in(&forge).await;
    let code = code(&mut browser, &asks(&client, CALLBACK, "S")).await;
    for (changed, value, code_of_error, description) in [
        ("client_secret", "wrong", "unauthorized_client", "invalid client secret"),
        ("client_secret", "", "unauthorized_client", "invalid empty client secret"),
        ("client_id", "nope", "invalid_client", "cannot load client with client id: 'nope'"),
        ("redirect_uri", "http://x/", "unauthorized_client", "unexpected redirect URI"),
        ("code", "nope", "unauthorized_client", "client is not authorized"),
        (
            "grant_type",
            "password",
            "unsupported_grant_type",
            "Only refresh_token or authorization_code grant type is supported",
        ),
    ] {
        let mut fields = with_code(&client, &code);
        fields.iter_mut().filter(|(name, _)| *name == changed).for_each(|field| field.1 = value);
        let refused = error(&exchange(&forge, &fields).await);
        assert_eq!(refused, (400, code_of_error.to_owned(), description.to_owned()));
    }
    // None of that used the code up. The client may name itself in the header as well.
    let mut fields = with_code(&client, &code);
    fields.retain(|(name, _)| !name.starts_with("client_"));
    let authorization = basic(&client.id, &client.secret);
    let headers = [("content-type", "application/x-www-form-urlencoded"), ("authorization", &*authorization)];
    let answer = Browser::new(forge.addr()).send("POST", "/login/oauth/access_token", &form(&fields), &headers).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(Browser::new(forge.addr()).get("/login/oauth/access_token").await.status, 405);
}

#[tokio::test]
async fn a_change_of_the_application_makes_its_old_secret_worthless() {
    let forge = forge(Flavour::Gitea).await;
    let client = client(&forge, &[CALLBACK], true).await;
    let path = format!("{APPLICATIONS}/{}", client.number);
    let wanted = json!({ "name": "ci", "redirect_uris": [CALLBACK], "confidential_client": true });
    let answer = Caller::smoke(&forge).call("PATCH", &path, wanted).await;
    assert_eq!(answer.status, 200);
    let changed = read(&answer.json());
    assert_eq!(changed.id, client.id);
    let mut browser = signed_in(&forge).await;
    let code = code(&mut browser, &asks(&client, CALLBACK, "S")).await;
    let (_, error, description) = error(&exchange(&forge, &with_code(&client, &code)).await);
    assert_eq!((error.as_str(), description.as_str()), ("unauthorized_client", "invalid client secret"));
    assert_eq!(exchange(&forge, &with_code(&changed, &code)).await.status, 200);

    let shown = Caller::smoke(&forge).get(APPLICATIONS).await.json();
    assert_eq!((&shown[0]["client_secret"], &shown[0]["redirect_uris"]), (&json!(""), &json!([CALLBACK])));
    assert_eq!(Caller::smoke(&forge).call("DELETE", &path, Value::Null).await.status, 204);
    assert_eq!(Caller::smoke(&forge).get(&path).await.status, 404);
    assert_eq!(browser.get(&authorize(&asks(&client, CALLBACK, "S"))).await.status, 400);
}

#[tokio::test]
async fn a_public_client_has_to_prove_itself() {
    let forge = forge(Flavour::Forgejo).await;
    let client = client(&forge, &["http://127.0.0.1/cb"], false).await;
    let mut browser = signed_in(&forge).await;
    let verifier = "v".repeat(43);
    let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()));
    let uri = "http://127.0.0.1:5555/cb";
    let fields =
        [asks(&client, uri, "S"), vec![("code_challenge", &*challenge), ("code_challenge_method", "S256")]].concat();
    let code = code(&mut browser, &fields).await;
    let mut fields =
        vec![("client_id", &*client.id), ("code", &*code), ("grant_type", "authorization_code"), ("redirect_uri", uri)];
    assert_eq!(error(&exchange(&forge, &fields).await).2, "failed PKCE code challenge");
    fields.push(("code_verifier", &verifier));
    assert_eq!(exchange(&forge, &fields).await.status, 200);
    // Its consent is asked for each time.
    let again = [asks(&client, uri, "S"), vec![("code_challenge", "x"), ("code_challenge_method", "plain")]].concat();
    assert_eq!(browser.get(&authorize(&again)).await.status, 200);
}

/// Seen of Gitea 1.26: `GrantApplicationOAuth` reads the challenge from the session, whoever left it there.
#[tokio::test]
async fn a_promise_is_held_against_the_next_client_that_asks_for_consent() {
    let forge = forge(Flavour::Gitea).await;
    let chat = client(&forge, &["http://chat.test/callback"], true).await;
    let ci = client(&forge, &[CALLBACK], true).await;
    let mut browser = signed_in(&forge).await;
    let challenge = [("code_challenge", "x"), ("code_challenge_method", "S256")];
    let promising = [asks(&chat, "http://chat.test/callback", "S"), challenge.to_vec()].concat();
    code(&mut browser, &promising).await;
    let first = code(&mut browser, &asks(&ci, CALLBACK, "S")).await;
    assert_eq!(error(&exchange(&forge, &with_code(&ci, &first)).await).2, "failed PKCE code challenge");
    // Consent was given, so that nobody is asked for it again.
    let answer = browser.get(&authorize(&asks(&ci, CALLBACK, "S"))).await;
    let second = in_query(&answer.location.unwrap(), "code").unwrap();
    assert_eq!(exchange(&forge, &with_code(&ci, &second)).await.status, 200);
}

#[tokio::test]
async fn refresh_tokens() {
    for (once, second) in [("false", 200), ("true", 400)] {
        let forge = with(Flavour::Forgejo, &[("GITEA__oauth2__INVALIDATE_REFRESH_TOKENS", once)]).await;
        let client = client(&forge, &[CALLBACK], true).await;
        let mut browser = signed_in(&forge).await;
        let code = code(&mut browser, &asks(&client, CALLBACK, "S")).await;
        let tokens = exchange(&forge, &with_code(&client, &code)).await.json();
        let refresh = |token: String| {
            let fields = [
                ("client_id", &*client.id),
                ("client_secret", &client.secret),
                ("grant_type", "refresh_token"),
                ("refresh_token", &token),
            ];
            let body = form(&fields);
            let address = forge.addr();
            async move { Browser::new(address).post("/login/oauth/access_token", &body).await }
        };
        let first = tokens["refresh_token"].as_str().unwrap().to_owned();
        assert_eq!(refresh(first.clone()).await.status, 200);
        assert_eq!(refresh(first.clone()).await.status, second, "works once: {once}");
        assert_eq!(error(&refresh("x".to_owned()).await).2, "unable to parse refresh token");
        let opens = Caller { forge: &forge, authorization: format!("Bearer {first}") }.get("/user").await;
        assert_eq!(opens.status, 401, "a refresh token opens nothing");
    }
}

#[tokio::test]
async fn an_access_token_ends() {
    let forge = with(Flavour::Gitea, &[("GITEA__oauth2__ACCESS_TOKEN_EXPIRATION_TIME", "0")]).await;
    let client = client(&forge, &[CALLBACK], true).await;
    let mut browser = signed_in(&forge).await;
    let code = code(&mut browser, &asks(&client, CALLBACK, "S")).await;
    let tokens = exchange(&forge, &with_code(&client, &code)).await.json();
    let authorization = format!("Bearer {}", tokens["access_token"].as_str().unwrap());
    assert_eq!(Caller { forge: &forge, authorization }.get("/user").await.status, 401);
}

#[tokio::test]
async fn openid_connect() {
    for (flavour, issuer) in [(Flavour::Gitea, "http://edge.test/forge"), (Flavour::Forgejo, ROOT_URL)] {
        let forge = forge(flavour).await;
        let client = client(&forge, &[CALLBACK], true).await;
        let mut browser = signed_in(&forge).await;
        let scoped = [asks(&client, CALLBACK, "S"), vec![("scope", "openid profile email"), ("nonce", "N")]].concat();
        let code = code(&mut browser, &scoped).await;
        let tokens = exchange(&forge, &with_code(&client, &code)).await.json();
        let claims = tokens["id_token"].as_str().unwrap().split('.').nth(1).unwrap();
        let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap();
        assert_eq!(
            (&claims["iss"], &claims["aud"], &claims["nonce"]),
            (&json!(issuer), &json!([client.id]), &json!("N"))
        );
        assert_eq!((&claims["preferred_username"], &claims["email"]), (&json!("smoke"), &json!("smoke@edge.test")));

        let mut stranger = Browser::new(forge.addr());
        let discovery = stranger.get("/.well-known/openid-configuration").await.json();
        let keys = stranger.get("/login/oauth/keys").await.json();
        assert_eq!(discovery["id_token_signing_alg_values_supported"][0], keys["keys"][0]["alg"]);
        let bearer = format!("Bearer {}", tokens["access_token"].as_str().unwrap());
        let info = stranger.send("GET", "/login/oauth/userinfo", "", &[("authorization", &bearer)]).await;
        assert_eq!((info.status, &info.json()["preferred_username"]), (200, &json!("smoke")));
        let none = stranger.send("GET", "/login/oauth/userinfo", "", &[]).await;
        assert!(none.status == 401 && none.headers["www-authenticate"].to_str().unwrap().starts_with("Bearer realm="));

        let authorization = basic(&client.id, &client.secret);
        let headers = [("content-type", "application/x-www-form-urlencoded"), ("authorization", &*authorization)];
        let body = form(&[("token", tokens["access_token"].as_str().unwrap())]);
        let told = stranger.send("POST", "/login/oauth/introspect", &body, &headers).await.json();
        assert_eq!((&told["active"], &told["username"], &told["iss"]), (&json!(true), &json!("smoke"), &json!(issuer)));
        assert_eq!(stranger.send("POST", "/login/oauth/introspect", &body, &headers[..1]).await.status, 401);
    }
}

/// With another Host forwarded, Gitea takes its own page for a stranger's: at the consent, not at the sign-in.
#[tokio::test]
async fn a_foreign_origin_may_sign_in_but_not_consent_at_gitea() {
    for (flavour, origin, status) in [
        (Flavour::Gitea, "http://edge.test", 303),
        (Flavour::Gitea, "http://edge.test:8080", 403),
        (Flavour::Forgejo, "http://edge.test:8080", 303),
    ] {
        let forge = forge(flavour).await;
        let client = client(&forge, &[CALLBACK], true).await;
        let mut browser = Browser::new(forge.addr());
        let csrf = browser.get("/user/login").await.attributes("input[name=_csrf]", "value").join("");
        let headers = [("content-type", "application/x-www-form-urlencoded"), ("origin", origin)];
        let fields = form(&[("user_name", "smoke"), ("password", "right"), ("_csrf", &csrf)]);
        assert_eq!(browser.send("POST", "/user/login", &fields, &headers).await.status, 303);
        let page = browser.get(&authorize(&asks(&client, CALLBACK, "S"))).await;
        let csrf = page.attributes("form[action$='/grant'] input[name=_csrf]", "value").join("");
        let fields = form(&[
            ("client_id", &client.id),
            ("state", "S"),
            ("redirect_uri", CALLBACK),
            ("granted", "true"),
            ("_csrf", &csrf),
        ]);
        let answer = browser.send("POST", "/login/oauth/grant", &fields, &headers).await;
        assert_eq!(answer.status, status, "{flavour:?} {origin}");
    }
}

#[tokio::test]
async fn it_can_be_switched_off_and_outlives_other_settings() {
    let forge = forge(Flavour::Forgejo).await;
    let client = client(&forge, &[CALLBACK], true).await;
    let mut browser = signed_in(&forge).await;
    code(&mut browser, &asks(&client, CALLBACK, "S")).await;
    forge.reconfigure(builder(Flavour::Forgejo, &[("GITEA__oauth2__ENABLED", "false")]));
    assert_eq!(browser.get(&authorize(&asks(&client, CALLBACK, "S"))).await.status, 404);
    forge.reconfigure(builder(Flavour::Forgejo, &[]));
    assert_eq!(browser.get(&authorize(&asks(&client, CALLBACK, "S"))).await.status, 303, "granted already");
}
