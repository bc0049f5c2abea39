//! The page in a real Chromium, by way of the edge. Where there is none these tests say so and do nothing.

use std::path::PathBuf;
use std::time::Duration;

use doubles::messages::{Answer, Messages};
use routes::Mode;
use serde_json::{Value, json};

use crate::chromium::{Chromium, Page, program};
use crate::client::{Client, fields};
use crate::seats::opens_in_the_end;
use crate::skipping::skipped;
use crate::stand_in::StandIn;
use crate::works::Works;
use crate::world::{MODES, Plan, listener};

/// What a message holds that shows everything.
const RICH: &[&str] = &[
    "## What I ",
    "found\n\nThe prefix is **lost** on the *third* hop, in `forge.rs`:\n\n",
    "```rust\nfn main() {\n    println!(\"<b>hi</b>\");\n}\n```\n\n",
    "1. Set `ROOT_URL`\n2. Restart\n   - the forge\n   - the edge\n\n",
    "| service | path |\n|---|---|\n| forge | `/forge/` |\n| ci | `/ci/` |\n\n> A quote, and <https://example.test/docs>.\n\n",
    "Shall I write it down?\n\n<action type=\"issue-create\">{\"title\":\"ROOT_URL loses its prefix\",\"body\":\"See the **third** hop.\",",
    "\"labels\":[\"bug\"]}</action>\n",
];

struct Desk {
    works: Works,
    stand_in: StandIn,
    page: Page,
    _chromium: Chromium,
}

impl Desk {
    async fn new(mode: Mode, pieces: &[&str], more: &[(&str, &str)]) -> Option<Self> {
        Self::stand(Plan { more, ..Plan::new(mode) }, pieces).await
    }

    async fn stand(plan: Plan<'_>, pieces: &[&str]) -> Option<Self> {
        let (program, more) = (program()?, plan.more);
        let stand_in = StandIn::answering(pieces);
        let settings = stand_in.settings();
        let mut values: Vec<(&str, &str)> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
        values.retain(|(name, _)| !more.iter().any(|(other, _)| other == name));
        values.extend(more);
        let works = Works::stand(Plan { more: &values, ..plan }).await;
        let chromium = Chromium::start(program).await;
        let page = chromium.page().await;
        if plan.https {
            page.call("Security.setIgnoreCertificateErrors", json!({ "ignore": true })).await;
        }
        // Connections can be cut by the tests.
        let spy = "window.sockets = []; window.WebSocket = class extends WebSocket { constructor(...given) { super(...given); sockets.push(this); } };";
        page.call("Page.addScriptToEvaluateOnNewDocument", json!({ "source": spy })).await;
        Some(Self { works, stand_in, page, _chromium: chromium })
    }

    /// Signs in as a person does, from the chat's address on.
    async fn sign_in(&self) {
        let page = &self.page;
        page.open(&self.works.world.url("/")).await;
        page.click("a[href$='/login']").await;
        page.until("document.querySelector('input[name=user_name]')").await;
        page.evaluate("document.querySelector('input[name=user_name]').focus()").await;
        page.type_text("smoke").await;
        page.evaluate("document.querySelector('input[name=password]').focus()").await;
        page.type_text("right").await;
        page.press("Enter", 13).await;
        page.until("document.querySelector('form[action*=\"oauth/grant\"], #composer')").await;
        if page.evaluate("document.querySelector('#composer') === null").await == true {
            page.click("form[action*='oauth/grant'] button").await;
        }
        self.ready().await;
    }

    async fn ready(&self) {
        self.page.until("document.querySelector('#connection')?.dataset.state === 'open'").await;
    }

    async fn ask(&self, text: &str) {
        self.page.evaluate("document.querySelector('#message').focus()").await;
        self.page.type_text(text).await;
        self.page.press("Enter", 13).await;
    }

    /// How many answers are complete.
    async fn answered(&self, count: usize) {
        self.page.until(&format!("document.querySelectorAll('.assistant[aria-busy=false]').length === {count}")).await;
    }

    async fn text(&self, selector: &str) -> String {
        let selector = serde_json::to_string(selector).unwrap();
        let text = self
            .page
            .evaluate(&format!("[...document.querySelectorAll({selector})].map((each) => each.innerText).join('|')"))
            .await;
        text.as_str().unwrap_or_default().to_owned()
    }

    async fn shot(&self, name: &str) {
        // Only who wants to look at them has them kept.
        if let Some(folder) = std::env::var_os("CHAT_SCREENSHOTS") {
            let folder = PathBuf::from(folder);
            std::fs::create_dir_all(&folder).unwrap();
            self.page.screenshot(&folder.join(format!("{name}.png"))).await;
        }
    }

    /// The browser has had nothing to complain of, and asked nobody else.
    fn is_clean(&self) {
        // The way to the login leads over a 401, which the browser notes.
        let complaints = self.page.complaints().into_iter().filter(|text| !text.contains("401"));
        assert_eq!(complaints.collect::<Vec<_>>(), [""; 0]);
        let origins = ["chat", "forge"].map(|service| {
            let url = url::Url::parse(&self.works.world.site.service_url(service).unwrap()).unwrap();
            url.origin().ascii_serialization()
        });
        for address in self.page.requests() {
            let is_own = address == "about:blank" || origins.iter().any(|origin| address.starts_with(origin.as_str()));
            assert!(is_own, "{address}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_signs_in_asks_and_has_an_issue_created() {
    for mode in MODES {
        let waits: Vec<&str> = [&RICH[..1], &["#wait one"], &RICH[1..3], &["#wait two"], &RICH[3..]].concat();
        let Some(desk) = Desk::new(mode, &waits, &[]).await else { return };
        desk.page.size(1280, 860, false).await;
        desk.sign_in().await;
        desk.shot(&format!("{mode}-empty")).await;
        desk.ask("Why does the forge lose its prefix?").await;
        // Pieces show as they come.
        desk.page.until("document.querySelector('.assistant h3')?.innerText === 'What I'").await;
        assert_eq!(desk.text(".user").await, "Why does the forge lose its prefix?");
        desk.stand_in.release("one");
        desk.page.until("document.querySelector('.assistant pre')").await;
        desk.shot(&format!("{mode}-streaming")).await;
        desk.stand_in.release("two");
        desk.answered(1).await;
        assert_eq!(desk.text(".assistant ol > li > code").await, "ROOT_URL");
        assert_eq!(desk.text(".assistant td").await, "forge|/forge/|ci|/ci/");
        assert!(desk.text(".assistant pre").await.contains("println!(\"<b>hi</b>\");"));
        assert!(!desk.text(".assistant").await.contains("<action"), "markup isn't shown");
        desk.shot(&format!("{mode}-answer")).await;
        desk.page.colours("dark").await;
        desk.shot(&format!("{mode}-answer-dark")).await;
        desk.page.size(390, 844, true).await;
        desk.shot(&format!("{mode}-phone-dark")).await;
        desk.page.colours("light").await;
        desk.page.click("#menu").await;
        desk.page.until("document.querySelector('#side').getBoundingClientRect().x === 0").await;
        desk.shot(&format!("{mode}-phone-menu")).await;
        desk.page.press("Escape", 27).await;
        let wide = desk.page.evaluate("document.documentElement.scrollWidth > innerWidth").await;
        assert_eq!(wide, false, "nothing sticks out on a phone");
        desk.page.click(".action button").await;
        desk.page.until("document.querySelector('.action output a')").await;
        desk.shot(&format!("{mode}-phone-done")).await;
        desk.page.size(1280, 860, false).await;
        desk.shot(&format!("{mode}-done")).await;

        let issue = desk.works.at_forge("/issues/1").await;
        assert_eq!(
            (&issue["title"], &issue["labels"][0]["name"]),
            (&json!("ROOT_URL loses its prefix"), &json!("bug"))
        );
        let link = desk.page.evaluate("document.querySelector('.action output a').href").await;
        assert!(link.as_str().unwrap().ends_with("/smoke/demo/issues/1"), "{link}");

        // After a reload it is all there, and done is done.
        desk.page.evaluate("location.reload()").await;
        desk.ready().await;
        desk.answered(1).await;
        assert_eq!(desk.text(".user").await, "Why does the forge lose its prefix?");
        desk.page.until("document.querySelector('.action output a')").await;
        assert_eq!(desk.page.evaluate("document.querySelector('.action button').hidden").await, true);
        assert_eq!(desk.text("#conversations button").await, "Why does the forge lose its prefix?");
        desk.is_clean();
    }
}

/// The real command, with a model that is none. `EDGE_SMOKE_CLAUDE` names it.
#[tokio::test(flavor = "multi_thread")]
async fn the_real_command_answers_piece_by_piece() {
    let Ok(command) = std::env::var("EDGE_SMOKE_CLAUDE") else {
        return skipped("claude", "EDGE_SMOKE_CLAUDE is not set");
    };
    let says = "One two three four five six seven eight nine ten. \
                <action type=\"issue-create\">{\"title\":\"From the real command\",\"labels\":[\"bug\"]}</action>";
    let model = Messages::builder()
        .answer(Answer::says("The second answer.").when("and then"))
        .answer(Answer::says(says).when("Count"))
        .token_delay(Duration::from_millis(100))
        .serve(listener().await)
        .unwrap();
    let more = [("CHAT_CLAUDE_COMMAND", command.as_str()), ("ANTHROPIC_BASE_URL", &model.url())];
    let Some(desk) = Desk::new(Mode::Subpath, &[], &more).await else { return };
    desk.page.size(1280, 860, false).await;
    desk.sign_in().await;
    let watch = "window.seen = []; new MutationObserver(() => { const text = document.querySelector('.assistant .text')?.innerText ?? ''; \
                 if (text && text !== seen.at(-1)) seen.push(text); }).observe(document.querySelector('#log'), { childList: true, subtree: true })";
    desk.page.evaluate(&format!("{{ {watch} }}")).await;
    desk.ask("Count to ten").await;
    desk.answered(1).await;
    let seen = desk.page.evaluate("seen").await;
    let seen: Vec<&str> = seen.as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(seen.len() >= 5, "it grows: {seen:?}");
    assert!(seen.windows(2).all(|pair| pair[1].starts_with(pair[0].trim_end())), "{seen:?}");
    assert_eq!(desk.text(".assistant .text").await, "One two three four five six seven eight nine ten.");
    desk.page.click(".action button").await;
    desk.page.until("document.querySelector('.action output a')").await;
    desk.shot("real-command").await;
    assert_eq!(desk.works.at_forge("/issues/1").await["title"], "From the real command");
    desk.ask("and then?").await;
    desk.answered(2).await;
    assert!(desk.text(".assistant .text").await.ends_with("|The second answer."));
    let asked = model.requests();
    let told = asked.last().unwrap().to_string();
    assert!(told.contains("Count to ten") && told.contains("ci-run"), "it goes on, and knows of actions: {told}");
    assert!(!told.contains(&desk.works.forge_token) && !told.contains(&desk.works.ci_token));
    desk.is_clean();
}

#[tokio::test(flavor = "multi_thread")]
async fn turns_keep_apart_and_messages_stay() {
    let Some(desk) = Desk::new(Mode::Subpath, &["one"], &[]).await else { return };
    desk.sign_in().await;
    desk.ask("first").await;
    desk.answered(1).await;
    desk.stand_in.answers(&["two", "#wait on", "!"]);
    desk.ask("second").await;
    desk.page.until("document.querySelectorAll('.assistant')[1]?.innerText.includes('two')").await;
    assert_eq!(desk.text(".assistant .text").await, "one|two", "the answer before is closed");
    assert_eq!(desk.text(".user").await, "first|second");
    // Another conversation while this one is being answered.
    desk.page.click("#new").await;
    assert_eq!(desk.text(".message").await, "");
    desk.stand_in.release("on");
    desk.page.until("!document.querySelector('#conversations small')").await;
    desk.page.click("#conversations button").await;
    desk.page.until("document.querySelectorAll('.assistant .text')[1]?.innerText === 'two!'").await;
    assert_eq!(desk.text(".user").await, "first|second");
    desk.is_clean();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_connection_loses_nothing() {
    let Some(desk) = Desk::new(Mode::Subpath, &["a", "#wait cut", "b", "#wait on", "c"], &[]).await else { return };
    desk.sign_in().await;
    desk.ask("?").await;
    desk.page.until("document.querySelector('.assistant .text')?.innerText === 'a'").await;
    desk.page.evaluate("sockets.at(-1).close()").await;
    desk.stand_in.release("cut");
    desk.page.until("sockets.length > 1").await;
    desk.ready().await;
    desk.page.until("document.querySelector('.assistant .text')?.innerText === 'ab'").await;
    // A reload in the middle of an answer finds it as well.
    desk.page.evaluate("location.reload()").await;
    desk.ready().await;
    desk.page.until("document.querySelector('.assistant .text')?.innerText === 'ab'").await;
    assert_eq!(desk.text(".user").await, "?");
    desk.stand_in.release("on");
    desk.answered(1).await;
    assert_eq!(desk.text(".assistant .text").await, "abc");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_windows_show_the_same() {
    let Some(desk) = Desk::new(Mode::Subpath, &["one"], &[]).await else { return };
    desk.sign_in().await;
    desk.ask("first").await;
    desk.answered(1).await;
    let other = desk.page.beside().await;
    other.open(desk.page.evaluate("location.href").await.as_str().unwrap()).await;
    other.until("document.querySelector('.assistant .text')?.innerText === 'one'").await;
    desk.stand_in.answers(&["two", "#wait on", "!"]);
    desk.ask("second").await;
    other.until("document.querySelectorAll('.user')[1]?.innerText === 'second'").await;
    other.until("document.querySelectorAll('.assistant .text')[1]?.innerText === 'two'").await;
    desk.stand_in.release("on");
    other.until("document.querySelectorAll('.assistant[aria-busy=false] .text')[1]?.innerText === 'two!'").await;
    desk.answered(2).await;
    assert_eq!(other.complaints(), [""; 0]);
    desk.is_clean();
}

/// Over https the socket is a `wss` one, and the browser gets at nothing that isn't.
#[tokio::test(flavor = "multi_thread")]
async fn over_https_everything_is_secure() {
    for mode in MODES {
        let plan = Plan { https: true, ..Plan::new(mode) };
        let Some(desk) = Desk::stand(plan, &["Over ", "TLS."]).await else { return };
        desk.sign_in().await;
        desk.ask("how?").await;
        desk.answered(1).await;
        assert_eq!(desk.text(".assistant .text").await, "Over TLS.");
        let socket = desk.page.evaluate("sockets.at(-1).url").await;
        assert_eq!(socket, desk.works.world.url("/ws").replacen("https:", "wss:", 1), "{mode}");
        assert_eq!(desk.page.evaluate("isSecureContext && document.cookie === ''").await, true, "{mode}");
        let addresses = desk.page.requests();
        assert!(!addresses.iter().any(|address| address.starts_with("http:")), "{addresses:?}");
        desk.is_clean();
    }
}

/// A browser doesn't tell its page why a socket isn't opened; the page asks.
#[tokio::test(flavor = "multi_thread")]
async fn too_many_windows_are_told() {
    let Some(desk) = Desk::new(Mode::Subpath, &["one"], &[]).await else { return };
    desk.sign_in().await;
    let (world, mut others) = (&desk.works.world, Vec::new());
    let own = fields(world, &desk.works.browser);
    while let Ok(client) = Client::opening(world, &own).await {
        others.push(client);
    }
    // It is cut, and somebody else is there before it.
    desk.page.evaluate("sockets.at(-1).close()").await;
    others.push(opens_in_the_end(world, &own).await);
    desk.page.until("document.querySelector('#notice').innerText.includes('too many windows')").await;
    drop(others);
    desk.ready().await;
    desk.page.until("document.querySelector('#notice').hidden").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_can_be_stopped() {
    let Some(desk) = Desk::new(Mode::Subpath, &["half", "#wait never"], &[]).await else { return };
    desk.sign_in().await;
    desk.ask("?").await;
    desk.page.until("document.querySelector('.assistant .text')?.innerText === 'half'").await;
    desk.page.click("#stop").await;
    desk.answered(1).await;
    assert_eq!(desk.text(".assistant").await.split_whitespace().collect::<Vec<_>>(), ["half", "Stopped."]);
    desk.shot("stopped").await;
    desk.stand_in.gone().await;
    desk.stand_in.answers(&["whole"]);
    desk.ask("again").await;
    desk.answered(2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_and_ends_of_sessions_are_told_and_nothing_typed_is_lost() {
    let limit = [("CHAT_MAX_REQUESTS_PER_HOUR", "1")];
    let Some(mut desk) = Desk::new(Mode::Subpath, &["one"], &limit).await else { return };
    desk.page.size(1280, 860, false).await;
    desk.sign_in().await;
    desk.ask("first").await;
    desk.answered(1).await;
    desk.ask("one too many").await;
    desk.page.until("!document.querySelector('#notice').hidden").await;
    let notice = desk.text("#notice").await;
    assert!(notice.contains("within an hour") && notice.contains("Try again at"), "{notice}");
    assert_eq!(desk.page.evaluate("document.querySelector('#message').value").await, "one too many");
    assert_eq!(desk.text(".user").await, "first", "it wasn't asked");
    desk.shot("limit").await;

    // A sign-out elsewhere ends the session here.
    let cookies = desk.page.call("Network.getCookies", json!({})).await;
    let cookie =
        cookies["cookies"].as_array().unwrap().iter().find(|cookie| cookie["name"] == "disinto_chat_session").unwrap();
    let (value, origin) = (cookie["value"].as_str().unwrap(), desk.works.world.origin());
    let fields = [("origin", origin.as_str()), ("cookie", &format!("disinto_chat_session={value}"))];
    let url = desk.works.world.url("/logout");
    assert!(desk.works.world.browser().send("POST", &url, &fields, "").await.status < 400);
    desk.page.evaluate("sockets.at(-1).close()").await;
    desk.page.until("document.querySelector('#notice a')").await;
    desk.shot("session-over").await;
    desk.works.world.values.remove("CHAT_MAX_REQUESTS_PER_HOUR");
    desk.page.click("#notice a").await;
    desk.page.until("document.querySelector('form[action*=\"oauth/grant\"], #composer')").await;
    desk.ready().await;
    assert_eq!(
        desk.page.evaluate("document.querySelector('#message').value").await,
        "one too many",
        "the draft is there still"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_in_an_answer_is_markup() {
    let hostile = [
        "<script>document.title='pwned'</script><img src=x onerror=\"document.title='pwned'\">\n\n",
        "[a](javascript:document.title='pwned') [b](data:text/html,x) [c](http://elsewhere.test/x) ![d](http://elsewhere.test/y.png)\n\n",
        "<a href=\"javascript:alert(1)\" onclick=\"alert(1)\">x</a> <style>body{display:none}</style> <iframe src=//elsewhere.test></iframe>\n\n",
        "<action type=\"issue-create\">{\"title\":\"<img src=x onerror=alert(1)>\",\"body\":\"<script>alert(1)</script>\"}</action>\n\n",
        "<action type=\"branch-delete\">{\"branch\":\"main\"}</action>\n\n",
        "<action type=\"issue-create\">{\"title\":\"t\",\"repo\":\"evil/repo\"}</action>",
    ];
    let Some(desk) = Desk::new(Mode::Subpath, &hostile, &[]).await else { return };
    desk.page.size(1280, 860, false).await;
    desk.sign_in().await;
    desk.ask("<b>bold?</b>").await;
    desk.answered(1).await;
    desk.shot("hostile").await;
    assert_eq!(desk.text(".user").await, "<b>bold?</b>");
    let names = desk
        .page
        .evaluate(
            "[...new Set([...document.querySelectorAll('.assistant *')].map((each) => each.localName))].sort().join()",
        )
        .await;
    assert_eq!(names, "a,button,dd,div,dl,dt,h3,output,p,section");
    let links =
        desk.page.evaluate("[...document.querySelectorAll('.assistant a')].map((each) => each.href).join()").await;
    assert_eq!(links, "http://elsewhere.test/x,http://elsewhere.test/y.png");
    assert_eq!(desk.text(".action dd").await, "smoke/demo|<img src=x onerror=alert(1)>|<script>alert(1)</script>");
    let shown = desk.text(".assistant .text").await;
    assert!(shown.contains("branch-delete") && shown.contains("evil/repo"), "what is no action stays text: {shown}");
    assert_ne!(desk.page.evaluate("document.title").await, "pwned");
    desk.is_clean();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_signs_out_is_out() {
    let Some(desk) = Desk::new(Mode::Subpath, &["x"], &[]).await else { return };
    desk.page.size(1280, 860, false).await;
    desk.sign_in().await;
    desk.page.click("#logout").await;
    desk.page.until("document.title === 'Signed out' && document.querySelector('a[href$=\"/login\"]')").await;
    desk.shot("signed-out").await;
    let cookies = desk.page.call("Network.getCookies", json!({ "urls": [desk.works.world.url("/")] })).await;
    assert!(!cookies.to_string().contains("disinto_chat_session"), "{cookies}");
}

/// A page of another site, in the browser of somebody who is signed in.
#[tokio::test(flavor = "multi_thread")]
async fn another_site_gets_nothing() {
    for mode in MODES {
        let Some(desk) = Desk::new(mode, &["x"], &[]).await else { return };
        desk.sign_in().await;
        let chat = desk.works.world.url("");
        let other = format!("http://other.edge.test:{}/", desk.works.world.edge.addr().port());
        desk.page.open(&other).await;
        desk.page.until("location.host.startsWith('other.') && document.readyState === 'complete'").await;
        let socket = format!(
            "new Promise((done) => {{ const socket = new WebSocket({}); socket.onopen = () => done('open'); socket.onerror = () => done('refused'); }})",
            json!(format!("{}/ws", chat.replacen("http", "ws", 1)))
        );
        assert_eq!(desk.page.evaluate(&socket).await, "refused", "{mode}");
        let read = format!(
            "fetch({}, {{ credentials: 'include' }}).then((answer) => answer.text(), () => 'refused')",
            json!(format!("{chat}/history"))
        );
        assert_eq!(desk.page.evaluate(&read).await, "refused", "{mode}");
        for kind in ["text/plain", "application/json"] {
            let click = format!(
                "fetch({}, {{ method: 'POST', credentials: 'include', mode: {}, headers: {{ 'Content-Type': '{kind}' }}, \
                 body: '{{\"title\":\"t\"}}' }}).then(() => 'sent', () => 'refused')",
                json!(format!("{chat}/action/issue-create")),
                if kind == "text/plain" { "'no-cors'" } else { "'cors'" }
            );
            desk.page.evaluate(&click).await;
        }
        assert_eq!(desk.works.at_forge("/issues").await, json!([]), "{mode}");
        // The same page is served as ever.
        desk.page.open(&desk.works.world.url("/")).await;
        desk.ready().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_said_long_ago_is_a_click_away() {
    let Some(desk) = Desk::new(Mode::Subpath, &["x"], &[]).await else { return };
    let id = "0d7b6c52-95a6-4a39-8f10-0a0f7c1d2e3f";
    let folder = desk.works.world.folder().join("history").join("smoke");
    std::fs::create_dir_all(&folder).unwrap();
    let line = |nth: usize| {
        let role = if nth.is_multiple_of(2) { "user" } else { "assistant" };
        json!({ "at": "2026-11-21T10:00:00.000Z", "role": role, "text": format!("word {nth}") }).to_string() + "\n"
    };
    std::fs::write(folder.join(format!("{id}.ndjson")), (0..602).map(line).collect::<String>()).unwrap();
    desk.sign_in().await;
    desk.page.click("#conversations button").await;
    desk.page.until("document.querySelectorAll('.message').length === 500").await;
    assert!(desk.text(".message:first-of-type").await.starts_with("word 102"));
    desk.page.click(".earlier button").await;
    desk.page.until("document.querySelectorAll('.message').length === 602").await;
    assert!(desk.text(".message:first-of-type").await.starts_with("word 0"));
    assert_eq!(desk.page.evaluate("document.querySelector('.earlier') === null").await, true);
    desk.is_clean();
}

#[tokio::test(flavor = "multi_thread")]
async fn it_can_be_used_by_keys_and_is_read_out() {
    let Some(desk) = Desk::new(Mode::Subpath, &["fine"], &[]).await else { return };
    desk.page.size(1280, 860, false).await;
    desk.sign_in().await;
    assert_eq!(desk.page.evaluate("document.activeElement.id").await, "message");
    desk.page.type_text("one").await;
    let shift = json!({ "type": "keyDown", "key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13, "modifiers": 8, "text": "\r" });
    desk.page.call("Input.dispatchKeyEvent", shift).await;
    desk.page.type_text("two").await;
    assert_eq!(desk.page.evaluate("document.querySelector('#message').value").await, "one\ntwo");
    desk.page.press("Enter", 13).await;
    desk.answered(1).await;
    assert_eq!(desk.text(".user").await, "one\ntwo");
    assert_eq!(
        desk.page.evaluate("document.activeElement.id").await,
        "message",
        "the next question can be typed at once"
    );

    let tree = desk.page.call("Accessibility.getFullAXTree", json!({})).await;
    let nodes: Vec<&Value> = tree["nodes"].as_array().unwrap().iter().filter(|node| node["ignored"] == false).collect();
    let role = |node: &Value| node["role"]["value"].as_str().unwrap_or_default().to_owned();
    let name = |node: &Value| node["name"]["value"].as_str().unwrap_or_default().to_owned();
    for node in &nodes {
        if ["button", "link", "textbox", "navigation", "article"].contains(&role(node).as_str()) {
            assert_ne!(name(node), "", "{node}");
        }
    }
    let has = |wanted: &str, named: &str| nodes.iter().any(|node| role(node) == wanted && name(node).contains(named));
    assert!(
        has("textbox", "Message")
            && has("navigation", "Conversations")
            && has("article", "You")
            && has("article", "Answer")
    );
    assert!(has("log", "Messages") && has("heading", "one") && has("status", ""));
}

/// Random texts, by a generator that gives the same each time.
const FUZZ: &str = r#"(async () => {
  const { Growing, split } = await import('./static/markdown.js');
  let seed = 20261121;
  const random = (count) => (seed = (seed * 1103515245 + 12345) % 2147483648) % count;
  const pieces = ['*', '**', '_', '`', '```', '\n', '\n\n', ' ', '    ', '- ', '1. ', '# ', '> ', '|', '|---|', '[', '](', ')', '!', '<', '>',
    'http://a.test/', 'javascript:', 'a', 'bc', 'ä', '🦀', '\\', '~~', '---', '&', '"', '<script>', '\t', '\r\n'];
  const names = new Set(['a', 'p', 'em', 'strong', 'del', 'code', 'pre', 'ul', 'ol', 'li', 'blockquote', 'table', 'thead', 'tbody', 'tr', 'th', 'td',
    'hr', 'br', 'h2', 'h3', 'h4', 'h5', 'h6', 'div', 'span']);
  const attributes = new Set(['href', 'title', 'target', 'rel', 'class', 'start', 'tabindex']);
  const letters = (text) => text.replace(/[^a-zä🦀]/gu, '');
  for (let round = 0; round < 3000; round += 1) {
    let text = '';
    const whole = document.createElement('div');
    const grown = document.createElement('div');
    const growing = new Growing(grown);
    for (let count = random(40); count > 0; count -= 1) {
      text += pieces[random(pieces.length)];
      growing.update(text);
    }
    new Growing(whole).update(text);
    if (whole.innerHTML !== grown.innerHTML) return `grown otherwise: ${JSON.stringify(text)}\n${whole.innerHTML}\n${grown.innerHTML}`;
    for (const element of whole.querySelectorAll('*')) {
      if (!names.has(element.localName)) return `${element.localName}: ${JSON.stringify(text)}`;
      for (const { name } of element.attributes) if (!attributes.has(name)) return `${name}: ${JSON.stringify(text)}`;
      if (element.localName === 'a' && !/^(https?|mailto):/.test(element.getAttribute('href'))) return `${element.href}: ${JSON.stringify(text)}`;
    }
    // Addresses of links aren't shown, fences' first lines neither.
    if (!/[\[`~]/.test(text) && letters(whole.textContent) !== letters(text)) return `lost: ${JSON.stringify(text)} ${whole.textContent}`;
  }
  const start = performance.now();
  for (const piece of ['*a ', '**', '`', '[', '> ', '- ', '<', 'http://', '|', '_a', '# ', ' ', '\\', '![](', '~~x', '1. \n  ']) {
    new Growing(document.createElement('div')).update(piece.repeat(40000 / piece.length));
    const time = performance.now() - start;
    if (time > 20000) return `slow: ${piece} ${time}`;
  }
  return 'well';
})()"#;

#[tokio::test(flavor = "multi_thread")]
async fn markdown_is_safe_and_grows_as_it_is_read_whole() {
    let Some(desk) = Desk::new(Mode::Subpath, &[], &[]).await else { return };
    desk.sign_in().await;
    assert_eq!(desk.page.evaluate(FUZZ).await, "well");
    let cases = [
        ("a **b** *c* ~~d~~ `e`", "<p>a <strong>b</strong> <em>c</em> <del>d</del> <code>e</code></p>"),
        ("snake_case_name and 2*3*4", "<p>snake_case_name and 2<em>3</em>4</p>"),
        ("# One\n## Two ##", "<h2>One</h2><h3>Two</h3>"),
        ("- a\n  - b\n- c", "<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>"),
        ("3. a\n4. b", "<ol start=\"3\"><li>a</li><li>b</li></ol>"),
        ("> q\n> r", "<blockquote><p>q<br>r</p></blockquote>"),
        ("```\n<b>\n```", "<pre tabindex=\"0\"><code>&lt;b&gt;</code></pre>"),
        ("```\nopen", "<pre tabindex=\"0\"><code>open</code></pre>"),
        ("a & <b> &amp;", "<p>a &amp; &lt;b&gt; &amp;amp;</p>"),
        ("\\*not\\*", "<p>*not*</p>"),
        (
            "see (http://a.test/x).",
            "<p>see (<a href=\"http://a.test/x\" title=\"http://a.test/x\" target=\"_blank\" rel=\"noopener noreferrer\">http://a.test/x</a>).</p>",
        ),
        ("[x](/etc/passwd) [y](src/main.rs)", "<p>[x](/etc/passwd) [y](src/main.rs)</p>"),
        ("---", "<hr>"),
        (
            "| a | b |\n|---|--:|\n| 1 | 2 |",
            "<div class=\"wide\" tabindex=\"0\"><table><thead><tr><th>a</th><th class=\"right\">b</th></tr></thead><tbody><tr><td>1</td><td class=\"right\">2</td></tr></tbody></table></div>",
        ),
    ];
    for (text, expected) in cases {
        let render = format!(
            "(async () => {{ const {{ Growing }} = await import('./static/markdown.js'); const element = document.createElement('div'); \
             new Growing(element).update({}); return element.innerHTML; }})()",
            json!(text)
        );
        assert_eq!(desk.page.evaluate(&render).await, expected, "{text}");
    }
    desk.is_clean();
}
