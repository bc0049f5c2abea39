//! What a person does, with everything real but the model: a Chromium, Caddy, the forge, the chat in its sandbox, the claude command.
//!
//! With `CHAT_SCREENSHOTS` in the environment, a folder, what the browser shows is kept there.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use edge_smoke::engine::events::Nobody;
use edge_smoke::stack::{Late, Needs, Site, Stack, StackOptions, containers};
use scenario::model::{Mode, Service};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::chromium::{Chromium, Page, program};
use crate::sandbox::verify;
use crate::stood::{SOON, docker, is_possible};

/// The pause between two tokens of the model's, in milliseconds.
const PAUSE: f64 = 120.0;
/// What the model is asked to repeat.
const QUESTION: &str = "Count: one two three four five six seven eight nine ten. <action type=\"issue-create\">\
                        {\"title\":\"The prefix is lost\",\"body\":\"On the third hop.\"}</action>";

/// Notes when each frame comes from the chat's socket.
const SPY: &str = "window.frames = []; window.WebSocket = class extends WebSocket { constructor(...given) { super(...given); \
                   this.addEventListener('message', (event) => frames.push([performance.now(), JSON.parse(event.data)])); } };";
/// Notes each text that the answer is shown with.
const WATCH: &str = "{ window.shown = []; new MutationObserver(() => { const text = document.querySelector('.assistant .text')?.innerText ?? ''; \
                     if (text && text !== shown.at(-1)) shown.push(text); }).observe(document.querySelector('#log'), { childList: true, subtree: true }) }";

#[tokio::test(flavor = "multi_thread")]
async fn a_person_signs_in_at_the_forge_is_answered_word_by_word_and_has_an_issue_made() {
    let (true, Some(program)) = (is_possible(), program()) else { return };
    for mode in [Mode::Subpath, Mode::Subdomain] {
        let mut options = StackOptions::new(mode);
        let delay = ("MESSAGES_TOKEN_DELAY_MS".to_owned(), Some(PAUSE.to_string()));
        options.environment.insert(Service::Model, [delay].into());
        options.images = edge_smoke::images::overrides(&|name| std::env::var(name).ok());
        let needs = Needs { services: [Service::Forge, Service::Chat].into() };
        let stack = containers::up(&needs, &options, &Nobody, &CancellationToken::new()).await.unwrap();
        stack.arrivals().wait_for(Late::Repository).await.unwrap();
        let chromium = Chromium::start(program).await;
        let person = Person { page: chromium.page().await, mode };
        person.page.size(1280, 860, false).await;
        person.page.call("Page.addScriptToEvaluateOnNewDocument", json!({ "source": SPY })).await;
        person.signs_in(stack.site()).await;
        person.asks().await;
        person.has_an_issue_made(stack.site()).await;
        // On that very container, after a turn in it.
        let container = format!("edge-smoke-{}-chat", stack.run_id());
        let there = container.clone();
        let verified = tokio::task::spawn_blocking(move || verify(&there)).await.unwrap();
        assert_eq!(verified, (Some(0), vec![]), "{mode}");
        tokio::task::spawn_blocking(move || restarted(&container)).await.unwrap();
        person.goes_on(stack.site()).await;
        stack.down().await.unwrap();
    }
}

/// The container ends, and starts again with nothing of what was in its memory.
fn restarted(container: &str) {
    let done = docker(&["restart", "--time", "5", container]);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let began = Instant::now();
    while !docker(&["exec", container, "chat", "healthcheck"]).status.success() {
        assert!(began.elapsed() < SOON, "{container} doesn't come back");
        std::thread::sleep(Duration::from_millis(50));
    }
}

struct Person {
    page: Page,
    mode: Mode,
}

impl Person {
    async fn signs_in(&self, site: &Site) {
        let (page, chat) = (&self.page, &site.services[&Service::Chat]);
        page.open(&format!("{chat}/")).await;
        page.click("a[href$='/login']").await;
        page.until("document.querySelector('input[name=user_name]')").await;
        page.evaluate("document.querySelector('input[name=user_name]').focus()").await;
        page.type_text(&site.variables["user"]).await;
        page.evaluate("document.querySelector('input[name=password]').focus()").await;
        page.type_text(site.secrets["password"].expose()).await;
        page.press("Enter", 13).await;
        page.click("form[action*='oauth/grant'] button[value=true]").await;
        page.until("document.querySelector('#connection')?.dataset.state === 'open'").await;
        assert_eq!(page.evaluate("location.href").await, format!("{chat}/").as_str());
        assert_eq!(page.evaluate("document.querySelector('#user').innerText").await, site.variables["user"].as_str());
    }

    /// The answer comes in as many pieces as the model gives, and not at once.
    async fn asks(&self) {
        let page = &self.page;
        page.evaluate(WATCH).await;
        page.evaluate("document.querySelector('#message').focus()").await;
        page.type_text(QUESTION).await;
        page.press("Enter", 13).await;
        page.until("document.querySelector('.assistant .text')?.innerText.includes('two')").await;
        self.shot("streaming").await;
        page.until("document.querySelectorAll('.assistant[aria-busy=false]').length === 1").await;
        let frames = page.evaluate("frames").await;
        let came = |kind: &'static str| {
            let frames = frames.as_array().unwrap().iter();
            frames.filter(move |frame| frame[1]["type"] == kind).map(|frame| frame[0].as_f64().unwrap())
        };
        let tokens: Vec<f64> = came("token").collect();
        assert!(tokens.len() >= 10, "{frames}");
        let spread = tokens.last().unwrap() - tokens[0];
        // The machine may be late now and then, and catch up.
        assert!(spread > PAUSE * 8.0, "{} tokens within {spread} ms", tokens.len());
        assert_eq!(came("complete").count(), 1, "{frames}");
        let shown = page.evaluate("shown").await;
        let shown: Vec<&str> = shown.as_array().unwrap().iter().filter_map(Value::as_str).collect();
        assert!(shown.len() >= 8, "it grows before the person's eyes: {shown:?}");
        assert!(shown.windows(2).all(|pair| pair[1].starts_with(pair[0].trim_end())), "{shown:?}");
        let last = shown.last().unwrap();
        assert!(last.ends_with("seven eight nine ten.") && !last.contains("<action"), "{last}");
        self.shot("answer").await;
    }

    async fn has_an_issue_made(&self, site: &Site) {
        let page = &self.page;
        page.click(".action button").await;
        page.until("document.querySelector('.action output a')").await;
        self.shot("done").await;
        let link = page.evaluate("document.querySelector('.action output a').href").await;
        let link = link.as_str().unwrap();
        let (forge, repository) = (&site.services[&Service::Forge], &site.variables["repo"]);
        assert_eq!(link, format!("{forge}/{repository}/issues/1"));
        // The person goes there.
        page.open(link).await;
        page.until("document.body.innerText.includes('The prefix is lost')").await;
        self.shot("issue").await;
        let api = format!("{forge}/api/v1/repos/{repository}/issues?state=all");
        let issues = page.evaluate(&format!("fetch('{api}').then((answer) => answer.json())")).await;
        let titles: Vec<&Value> = issues.as_array().unwrap().iter().map(|issue| &issue["title"]).collect();
        assert_eq!(titles, ["The prefix is lost"], "one click, one issue");
        assert_eq!(issues[0]["body"], "On the third hop.");
        // The way to the login leads over a 401, which the browser notes; of the forge's own pages nothing is claimed.
        let complaints = page.complaints().into_iter().filter(|text| !text.contains("401") && !text.contains(forge));
        assert_eq!(complaints.collect::<Vec<_>>(), [""; 0]);
    }

    /// With a key the command's own sessions are in memory, and went with the container: the conversation goes on from what is
    /// written, and says so. Who is signed in still is.
    async fn goes_on(&self, site: &Site) {
        let (page, chat) = (&self.page, &site.services[&Service::Chat]);
        page.open(&format!("{chat}/")).await;
        page.until("document.querySelector('#connection')?.dataset.state === 'open'").await;
        page.click("#conversations button").await;
        page.until("document.querySelectorAll('.assistant[aria-busy=false]').length === 1").await;
        page.evaluate("document.querySelector('#message').focus()").await;
        page.type_text("And on: eleven twelve.").await;
        page.press("Enter", 13).await;
        page.until("document.querySelectorAll('.assistant[aria-busy=false]').length === 2").await;
        let log = page.evaluate("document.querySelector('#log').innerText").await;
        let log = log.as_str().unwrap();
        assert!(
            log.to_lowercase().contains("had lost this conversation; it began anew from what is written here"),
            "{log}"
        );
        assert!(log.contains("eleven twelve"), "{log}");
        let frames = page.evaluate("frames.map(([, frame]) => `${frame.type} ${frame.code ?? ''}`)").await;
        let has = |wanted: &str| frames.as_array().unwrap().iter().any(|frame| frame == wanted);
        assert!(has("notice session_lost") && has("complete "), "{frames}");
        self.shot("restarted").await;
    }

    async fn shot(&self, name: &str) {
        if let Some(folder) = std::env::var_os("CHAT_SCREENSHOTS") {
            let folder = PathBuf::from(folder);
            std::fs::create_dir_all(&folder).unwrap();
            self.page.screenshot(&folder.join(format!("{}-{name}.png", self.mode))).await;
        }
    }
}
