//! One step.

use std::time::Duration;

use crate::decode::{Decoder, Fields};
use crate::model::{Action, Follow, Retry, Step, Submit, Use};
use crate::parse::{api, assets, capture, expect, git, keys, oauth, request, scenario, template, values, websocket};
use crate::span::Spanned;
use crate::text;
use crate::yaml::{Kind, Node};

/// The most redirects that are followed where the file doesn't say; browsers follow 20.
const MAX_HOPS: usize = 20;
/// The pause between two tries where the file doesn't say.
const RETRY_PAUSE: Duration = Duration::from_millis(500);

pub(super) fn step(decoder: &Decoder, node: &Node) -> Option<Step> {
    for (key, value) in node.as_mapping().unwrap_or_default() {
        if matches!(key.value.as_str(), "as" | "basic_auth") {
            conceal(decoder, value);
        }
    }
    let fields = decoder.fields(node, &keys::STEP, decoder.span(node.span.start..node.span.start))?;
    let name = fields.get("name").and_then(|node| scenario::name(decoder, node, "`name`"));
    let when = fields.get("when").map(|node| scenario::when(decoder, node, &keys::STEP_WHEN)).unwrap_or_default();
    let follow = fields.get("follow").and_then(|node| follow(decoder, node));
    let expect = fields.get("expect").map(|node| expect::expect(decoder, node)).unwrap_or_default();
    let capture = fields.get("capture").map(|node| capture::captures(decoder, node)).unwrap_or_default();
    let retry = fields.get("retry").and_then(|node| retry(decoder, node));
    if let (Some(_), Some((key, _)), true) =
        (&retry, fields.entry("retry"), expect.is_empty() && fields.get("assets").is_none())
    {
        let diagnostic = decoder.at(key.span, "`retry` without an `expect` has nothing to wait for");
        decoder.report(diagnostic.help("say under `expect` what must hold before the journey goes on"));
    }
    let timeout = fields.get("timeout").and_then(|node| values::duration(decoder, node, "`timeout`"));
    let prerequisite = fields.get("prerequisite").and_then(|node| scenario::name(decoder, node, "`prerequisite`"));
    if let (Some(prerequisite), true) = (&prerequisite, expect.is_empty()) {
        let diagnostic = decoder.at(prerequisite.span, "`prerequisite` without an `expect` asks for nothing");
        decoder.report(diagnostic.help("say under `expect` what must hold for the journey to apply here"));
    }
    let (key, value) = keys::ACTIONS.iter().find_map(|action| fields.entry(action))?;
    let action = match key.value.as_str() {
        "submit" => Action::Submit(submit(decoder, &fields, value)?),
        "websocket" => Action::WebSocket(websocket::websocket(decoder, &fields, value)?),
        "api" => Action::Api(api::api(decoder, &fields, value)?),
        "oauth" => Action::OAuth(Box::new(oauth::oauth(decoder, key.span, value)?)),
        "git" => Action::Git(git::git(decoder, value, key.span)?),
        "closed" => Action::Closed(request::target_of(decoder, value, "closed", request::Speaks::Http)?),
        "assets" => Action::Assets(assets::assets(decoder, &fields, value)?),
        "use" => Action::Use(use_other(decoder, &fields, value)?),
        _ => Action::Request(request::request(decoder, &fields, key, value)?),
    };
    let span = key.span;
    let step = Step { span, name, when, action, follow, prerequisite, expect, capture, retry, timeout };
    assets::check_company(decoder, &step);
    Some(step)
}

/// Keeps credentials out of errors, also of those about keys beside which they don't belong.
fn conceal(decoder: &Decoder, node: &Node) {
    match &node.kind {
        Kind::Mapping(entries) => {
            entries.iter().filter(|(key, _)| key.value != "user").for_each(|(_, value)| conceal(decoder, value));
        }
        Kind::Sequence(items) => items.iter().for_each(|item| conceal(decoder, item)),
        Kind::String(text, _) if text.contains("${") || text == keys::SESSION => {}
        _ => decoder.conceal(node.span),
    }
}

fn follow(decoder: &Decoder, node: &Node) -> Option<Follow> {
    match &node.kind {
        Kind::Bool(true) => Some(Follow { max_hops: MAX_HOPS }),
        Kind::Bool(false) => None,
        Kind::Mapping(_) => {
            let fields = decoder.fields(node, &keys::FOLLOW, node.span)?;
            let max_hops = decoder.integer(fields.get("max_hops")?, "`max_hops`", 1, 100)?;
            Some(Follow { max_hops: usize::try_from(max_hops).ok()? })
        }
        _ => {
            decoder.wrong_type(node, "`follow`", "`true`, or `{ max_hops: … }`");
            None
        }
    }
}

fn retry(decoder: &Decoder, node: &Node) -> Option<Retry> {
    let fields = decoder.fields(node, &keys::RETRY, node.span)?;
    let every = fields.get("every").and_then(|node| values::duration(decoder, node, "`every`"));
    let within = values::duration(decoder, fields.get("within")?, "`within`")?;
    if let Some(every) = every.as_ref().filter(|every| every.value > within.value) {
        let diagnostic = decoder.at(every.span, "the pause is longer than the time in which to try again");
        decoder.report(diagnostic.related(within.span, "that time"));
    }
    Some(Retry { within, every: every.map_or(RETRY_PAUSE, |every| every.value) })
}

fn submit(decoder: &Decoder, fields: &Fields<'_>, value: &Node) -> Option<Submit> {
    let with = fields.get("with").map(|node| values::single_pairs(decoder, node, "`with`")).unwrap_or_default();
    let headers = fields.get("headers").map(|node| values::headers(decoder, node)).unwrap_or_default();
    let form = values::selector(decoder, template::string(decoder, value, "`submit`"))?;
    Some(Submit { form, with, headers })
}

fn use_other(decoder: &Decoder, fields: &Fields<'_>, value: &Node) -> Option<Use> {
    let with = fields.get("with").map(|node| values::variables(decoder, node, "`with`")).unwrap_or_default();
    let scenario = scenario::name(decoder, value, "`use`")?.value;
    let scenario = scenario.as_str();
    let plain = |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '.');
    let bare = scenario.trim_end_matches(".yaml").trim_end_matches(".yml");
    if scenario != bare || scenario.starts_with('.') || !scenario.chars().all(plain) {
        let message = format!("`{}` is not the name of a scenario", text::one_line(scenario));
        let last = bare.rsplit(['/', '\\']).next().unwrap_or_default();
        let help = match last.is_empty() || !last.chars().all(plain) {
            true => "it is the other file's name, without folder and `.yaml`".to_owned(),
            false => format!("it is the other file's name, without folder and `.yaml`: `{last}`"),
        };
        decoder.report(decoder.at(value.span, message).help(help));
        return None;
    }
    Some(Use { scenario: Spanned::new(scenario.to_owned(), value.span), with })
}
