//! Each mistake shows where it is made: what is asked here is answered rightly without it and wrongly with it.

use std::time::{Duration, Instant};

use doubles::chat::Defect;
use serde_json::{Value, json};

use super::{SECRET, Stand, hear, open, open_as, say, send, session_of, stand, until};
use crate::browser::Browser;
use crate::standing::Caller;

const HERE: &str = "http://edge.test";
const NULL: Value = Value::Null;

/// What a service answers that has the mistake or hasn't, in a word.
async fn seen(defect: Defect, stand: &Stand) -> String {
    match defect {
        Defect::OriginUnchecked => {
            let session = stand.session("smoke").await;
            let fields = [("cookie", &*session), ("x-forwarded-user", "smoke"), ("origin", "http://evil.test")];
            opened(open(stand, &fields).await)
        }
        Defect::ActionsOriginUnchecked => {
            let mut browser = stand.signed_in("smoke").await;
            let headers = [("x-forwarded-user", "smoke"), ("origin", "http://evil.test")];
            browser.send("POST", "/chat/new", "", &headers).await.status.to_string()
        }
        Defect::ForwardedUserTrusted => {
            let headers = [("x-forwarded-user", "smoke")];
            stand.browser().send("GET", "/chat/history", "", &headers).await.status.to_string()
        }
        Defect::SlashesMerged => {
            let headers = [("x-forwarded-user", "smoke")];
            let mut browser = stand.signed_in("smoke").await;
            browser.send("GET", "//chat//history", "", &headers).await.status.to_string()
        }
        Defect::OnlyBelowPrefix => stand.browser().get("/login").await.status.to_string(),
        Defect::StateUnbound => {
            let back = stand.back_from_forge(&mut stand.browser(), "smoke").await;
            stand.browser().get(&back).await.status.to_string()
        }
        Defect::StateUnchecked => {
            let mut browser = stand.browser();
            let back = stand.back_from_forge(&mut browser, "smoke").await;
            let forged = back.replace("state=", "state=forged");
            browser.get(&forged).await.status.to_string()
        }
        Defect::SessionsNeverExpire => {
            let session = stand.session("smoke").await;
            tokio::time::sleep(Duration::from_millis(2100)).await;
            opened(open_as(stand, "smoke", &session).await)
        }
        Defect::SocketOutlivesSession => {
            let session = stand.session("smoke").await;
            let mut socket = open_as(stand, "smoke", &session).await.unwrap();
            let fields = [("cookie", &*session), ("x-forwarded-user", "smoke"), ("origin", HERE)];
            stand.browser().send("POST", "/chat/logout", "", &fields).await;
            say(&mut socket, &json!({ "type": "chat_request", "message": "hello" })).await;
            hear(&mut socket).await.unwrap()["type"].to_string()
        }
        Defect::VerifyWithoutSecret => {
            let session = stand.session("smoke").await;
            let fields = [("cookie", &*session)];
            stand.browser().send("GET", "/chat/auth/verify", "", &fields).await.status.to_string()
        }
        Defect::GateByFetchDestAlone => {
            let fields = [
                ("x-forward-auth-secret", SECRET),
                ("accept", "text/html"),
                ("x-forwarded-method", "GET"),
                ("x-forwarded-uri", "/chat/"),
            ];
            let answer = stand.browser().send("GET", "/chat/auth/verify", "", &fields).await;
            answer.content_type.unwrap()
        }
        Defect::RedirectsEveryRequest => opened(open(stand, &[("origin", HERE)]).await),
        Defect::AnswerAtOnce => {
            let session = stand.session("smoke").await;
            let mut socket = open_as(stand, "smoke", &session).await.unwrap();
            say(&mut socket, &json!({ "type": "chat_request", "message": "word ".repeat(40) })).await;
            until(&mut socket, &["token"]).await;
            let first = Instant::now();
            until(&mut socket, &["complete"]).await;
            // Forty words of 5 ms each lie between the first and the last.
            (first.elapsed() > Duration::from_millis(100)).to_string()
        }
        Defect::RootAbsoluteFetch => {
            let mut browser = stand.signed_in("smoke").await;
            let page = send(&mut browser, "smoke", "GET", "/chat/", &NULL).await;
            let script = send(&mut browser, "smoke", "GET", "/chat/static/chat.js", &NULL).await;
            format!("{} {}", page.body.contains("\"/history\""), script.body.contains("fetch(\"/history\""))
        }
        Defect::HistoryOfOthers => {
            let session = stand.session("smoke").await;
            let mut socket = open_as(stand, "smoke", &session).await.unwrap();
            say(&mut socket, &json!({ "type": "chat_request", "message": "private" })).await;
            let heard = until(&mut socket, &["complete"]).await;
            let id = heard[0]["conversation_id"].as_str().unwrap().to_owned();
            let mut other = stand.signed_in("other").await;
            send(&mut other, "other", "GET", &format!("/chat/history/{id}"), &NULL).await.status.to_string()
        }
        Defect::SessionNotRotated => {
            let planted = "a".repeat(64);
            let mut browser = stand.browser();
            let back = stand.back_from_forge(&mut browser, "smoke").await;
            let binding = browser.cookie("disinto_chat_sign_in").unwrap();
            let fields = format!("disinto_chat_sign_in={binding}; disinto_chat_session={planted}");
            let answer = Browser::new(stand.chat.addr()).send("GET", &back, "", &[("cookie", &fields)]).await;
            session_of(&answer).contains(&planted).to_string()
        }
        Defect::LimitsNotOnSocket => {
            let session = stand.session("smoke").await;
            let mut socket = open_as(stand, "smoke", &session).await.unwrap();
            for _ in 0..3 {
                say(&mut socket, &json!({ "type": "chat_request", "message": "again" })).await;
            }
            let heard = until(&mut socket, &["complete", "error"]).await;
            heard.last().unwrap()["type"].to_string()
        }
        Defect::DoubleClickActsTwice => {
            let mut browser = stand.signed_in("smoke").await;
            let click = json!({ "title": "once", "id": "00000000-0000-4000-8000-000000000000" });
            for _ in 0..2 {
                let done = send(&mut browser, "smoke", "POST", "/chat/action/issue-create", &click).await;
                assert_eq!(done.status, 201, "{}", done.body);
            }
            let issues = Caller::smoke(&stand.forge).get("/repos/smoke/demo/issues").await.json();
            issues.as_array().unwrap().len().to_string()
        }
        Defect::AnyRepository => {
            let mut browser = stand.signed_in("smoke").await;
            let click = json!({ "title": "elsewhere", "repo": "smoke/elsewhere" });
            send(&mut browser, "smoke", "POST", "/chat/action/issue-create", &click).await.status.to_string()
        }
        Defect::CookieFirstOnly => {
            let session = stand.session("smoke").await;
            let fields = format!("disinto_chat_session={}; {session}", "0".repeat(64));
            let headers = [("cookie", &*fields), ("x-forwarded-user", "smoke")];
            stand.browser().send("GET", "/chat/history", "", &headers).await.status.to_string()
        }
        Defect::LogoutKeepsSession => {
            let session = stand.session("smoke").await;
            let headers = [("cookie", &*session), ("x-forwarded-user", "smoke"), ("origin", HERE)];
            stand.browser().send("POST", "/chat/logout", "", &headers).await;
            stand.browser().send("GET", "/chat/history", "", &headers).await.status.to_string()
        }
        Defect::StrangersAdmitted => {
            let mut browser = stand.browser();
            let back = stand.back_from_forge(&mut browser, "stranger").await;
            browser.get(&back).await.status.to_string()
        }
        Defect::CookieReadableByScripts | Defect::CookieCrossSite => {
            let mut browser = stand.browser();
            let back = stand.back_from_forge(&mut browser, "smoke").await;
            let answer = browser.get(&back).await;
            let session = answer.cookies.into_iter().find(|cookie| cookie.name == "disinto_chat_session").unwrap();
            session.attributes.join(" ")
        }
        Defect::TokenTold => {
            let mut browser = stand.signed_in("smoke").await;
            let session = send(&mut browser, "smoke", "GET", "/chat/session", &NULL).await.json();
            session["token"].is_string().to_string()
        }
        Defect::PageWithoutPolicy => {
            let mut browser = stand.signed_in("smoke").await;
            let page = send(&mut browser, "smoke", "GET", "/chat/", &NULL).await;
            page.headers.contains_key("content-security-policy").to_string()
        }
    }
}

fn opened(socket: Result<super::Socket, u16>) -> String {
    socket.map_or_else(|status| status.to_string(), |_| "open".to_owned())
}

/// What is seen without the mistake, and with it.
fn expected(defect: Defect) -> (&'static str, &'static str) {
    match defect {
        Defect::OriginUnchecked => ("403", "open"),
        Defect::ActionsOriginUnchecked => ("403", "201"),
        Defect::ForwardedUserTrusted => ("401", "200"),
        Defect::StateUnbound | Defect::StateUnchecked => ("400", "303"),
        Defect::SessionsNeverExpire => ("401", "open"),
        Defect::SocketOutlivesSession => ("\"session_expired\"", "\"started\""),
        Defect::VerifyWithoutSecret => ("403", "200"),
        Defect::GateByFetchDestAlone => ("text/html; charset=utf-8", "application/json"),
        Defect::RedirectsEveryRequest => ("401", "303"),
        Defect::AnswerAtOnce => ("true", "false"),
        Defect::RootAbsoluteFetch => ("false false", "true true"),
        Defect::HistoryOfOthers => ("404", "200"),
        Defect::SessionNotRotated | Defect::TokenTold => ("false", "true"),
        Defect::LimitsNotOnSocket => ("\"error\"", "\"complete\""),
        Defect::DoubleClickActsTwice => ("1", "2"),
        Defect::AnyRepository => ("403", "201"),
        Defect::SlashesMerged => ("404", "200"),
        Defect::OnlyBelowPrefix => ("303", "401"),
        Defect::CookieFirstOnly => ("200", "401"),
        Defect::LogoutKeepsSession => ("401", "200"),
        Defect::StrangersAdmitted => ("403", "303"),
        Defect::CookieReadableByScripts => ("HttpOnly Path=/chat SameSite=Lax", "Path=/chat SameSite=Lax"),
        Defect::CookieCrossSite => ("HttpOnly Path=/chat SameSite=Lax", "HttpOnly Path=/chat SameSite=None"),
        Defect::PageWithoutPolicy => ("true", "false"),
    }
}

/// Settings under which the mistake can be seen.
fn settings(defect: Defect) -> &'static [(&'static str, &'static str)] {
    match defect {
        Defect::SessionsNeverExpire => &[("CHAT_SESSION_SECONDS", "1")],
        Defect::OnlyBelowPrefix => &[("EDGE_ROUTING_MODE", "subdomain"), ("EDGE_TUNNEL_FQDN_CHAT", "chat.edge.test")],
        Defect::LimitsNotOnSocket => &[("CHAT_MAX_REQUESTS_PER_HOUR", "0")],
        _ => &[],
    }
}

#[tokio::test]
async fn each_shows_where_it_is_made() {
    for defect in Defect::ALL.iter().copied() {
        let (right, wrong) = expected(defect);
        let without = seen(defect, &stand(&[], settings(defect)).await).await;
        let with = seen(defect, &stand(&[defect], settings(defect)).await).await;
        assert_eq!((without.as_str(), with.as_str()), (right, wrong), "{}", defect.name());
    }
}
