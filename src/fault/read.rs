//! From a file's text to a [`Fault`].

mod route;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use doubles::chat::Defect;
use routes::change::{RouteChange, RouteChanges};
use scenario::decode::{Decoder, closest};
use scenario::model::{Mode, Service};
use scenario::yaml::{self, Kind, Node};
use scenario::{Diagnostic, Source, Span, Spanned};

use super::{Fault, Inject, expect, keys, names, tamper};
use crate::stack::{ApplicationChange, Defects, StackOptions, TextChange, altered};

/// The longest name of a fault, in bytes: a folder bears it.
const ID_LENGTH: usize = 80;

/// A fault as its file has it.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    /// What the file itself says.
    pub(super) fault: Fault,
    /// The other faults that are there as well.
    pub(super) uses: Vec<Spanned<String>>,
}

/// Reads a fault file that stands for itself.
///
/// # Errors
/// All that is wrong with the file, in its order, each with its place; it uses others.
pub fn read(source: &Arc<Source>) -> Result<Fault, Vec<Diagnostic>> {
    let draft = draft(source)?;
    match draft.uses.first() {
        None => Ok(draft.fault),
        Some(used) => Err(vec![
            Diagnostic::at(source, used.span, "a fault that uses others doesn't stand for itself")
                .help("give the folder where the others are"),
        ]),
    }
}

/// Reads a fault file, be it one that uses others.
///
/// # Errors
/// All that is wrong with the file, in its order, each with its place.
pub(super) fn draft(source: &Arc<Source>) -> Result<Draft, Vec<Diagnostic>> {
    let node = yaml::parse(source)?;
    let decoder = Decoder::new(source);
    let draft = fault(&decoder, &node);
    decoder.finish(draft)
}

fn fault(decoder: &Decoder, node: &Node) -> Option<Draft> {
    let owner = decoder.span(node.span.start..node.span.start);
    let fields = decoder.fields(node, &keys::FAULT, owner)?;
    let text =
        |name: &str| fields.get(name).and_then(|node| decoder.text(node, &format!("`{name}`"))).map(str::to_owned);
    let (title, source) = (text("title"), text("source"));
    let id = fields.get("id").and_then(|node| id(decoder, node));
    let inject = fields.get("inject").and_then(|node| inject(decoder, node));
    let expect = fields.get("expect").map(|node| expect::read(decoder, node));
    let (inject, uses) = inject?;
    let expect = expect.map_or(Some(None), |expect| expect.map(Some))?;
    Some(Draft { fault: Fault { id: id?, title: title?, source, inject, expect }, uses })
}

/// A name that a folder can bear.
fn id(decoder: &Decoder, node: &Node) -> Option<String> {
    let id = decoder.text(node, "`id`")?;
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if id.is_empty() || id.len() > ID_LENGTH || !id.bytes().all(is_plain) {
        let expected = format!("at most {ID_LENGTH} small letters, digits and hyphens");
        decoder.report(decoder.wrong(node, "`id`", &expected).help("reports and scores go by it"));
        return None;
    }
    Some(id.to_owned())
}

fn mode(decoder: &Decoder, node: &Node) -> Option<Mode> {
    let words = [Mode::Subpath, Mode::Subdomain].map(|mode| (mode.as_str(), mode));
    decoder.word(node, "`mode`", &words).map(|mode| mode.value)
}

fn inject(decoder: &Decoder, node: &Node) -> Option<(Inject, Vec<Spanned<String>>)> {
    let fields = decoder.fields(node, &keys::INJECT, node.span)?;
    if node.as_mapping().is_some_and(<[_]>::is_empty) {
        let help = "say what is set wrong: `env`, `routes`, `caddyfile`, `oauth`, `stop`, `tamper` or `defects`, or other faults by `use`";
        decoder.report(decoder.at(node.span, "`inject` is empty").help(help));
    }
    let mut inject = Inject { mode: fields.get("mode").and_then(|node| mode(decoder, node)), ..Inject::default() };
    for (name, settings) in entries(decoder, fields.get("env"), "`env`") {
        if let Some(service) = service(decoder, &name.value, name.span) {
            inject.environment.insert(service, environment(decoder, settings));
        }
    }
    inject.routes = routes(decoder, fields.get("routes"));
    for (name, node) in entries(decoder, fields.get("oauth"), "`oauth`") {
        if let Some(service) = service(decoder, &name.value, name.span)
            && let Some(application) = application(decoder, node)
        {
            inject.applications.insert(service, application);
        }
    }
    let changes = fields.get("caddyfile").map(|node| decoder.one_or_many(node, "`caddyfile`")).unwrap_or_default();
    inject.caddyfile = changes.iter().filter_map(|node| text_change(decoder, node)).collect();
    for (name, rules) in entries(decoder, fields.get("tamper"), "`tamper`") {
        let Some(service) = service(decoder, &name.value, name.span) else { continue };
        if matches!(service, Service::Edge | Service::CiAgent | Service::Model) {
            let message = format!("nothing stands between the edge and `{service}`");
            let help = "name the service behind the edge whose requests or answers are to be changed";
            decoder.report(decoder.at(name.span, message).help(help));
        }
        inject.tamper.insert(service, tamper::tamper(decoder, rules));
    }
    for name in fields.get("stop").and_then(|node| decoder.list(node, "`stop`")).unwrap_or_default() {
        inject.stop.extend(decoder.text(name, "a service").and_then(|text| service(decoder, text, name.span)));
    }
    inject.defects = fields.get("defects").map(|node| defects(decoder, node)).unwrap_or_default();
    let used = |node: &Node| Some(Spanned::new(decoder.text(node, "a fault's id")?.to_owned(), node.span));
    let uses = fields.get("use").and_then(|node| decoder.list(node, "`use`")).unwrap_or_default();
    Some((inject, uses.iter().filter_map(used).collect()))
}

/// Mistakes of services that have a double which can be built with some.
fn defects(decoder: &Decoder, node: &Node) -> Defects {
    let fields = decoder.fields(node, &keys::DEFECTS, node.span);
    let Some(chat) = fields.as_ref().and_then(|fields| fields.get("chat")) else { return Defects::new() };
    let known: Vec<(&'static str, Defect)> = Defect::ALL.iter().map(|defect| (defect.name(), *defect)).collect();
    let items = match chat.as_str() {
        Some("none") => &[],
        _ => decoder.list(chat, "`chat`").unwrap_or_default(),
    };
    let chat: BTreeSet<Defect> =
        items.iter().filter_map(|item| decoder.word(item, "defect", &known)).map(|word| word.value).collect();
    [(Service::Chat, chat)].into()
}

fn application(decoder: &Decoder, node: &Node) -> Option<ApplicationChange> {
    let fields = decoder.fields(node, &keys::APPLICATION, node.span)?;
    let text = |name: &str| {
        let node = fields.get(name)?;
        decoder.text(node, &format!("`{name}`")).map(str::to_owned)
    };
    let uris = |node: &Node| match node.kind {
        Kind::Sequence(_) => texts(decoder, node, "`redirect_uris`"),
        _ => decoder.text(node, "`redirect_uris`").map(str::to_owned).into_iter().collect(),
    };
    let rotate = fields.get("rotate_secret").and_then(|node| decoder.boolean(node, "`rotate_secret`"));
    Some(ApplicationChange {
        redirect_uris: fields.get("redirect_uris").map(uris),
        client_id: text("client_id"),
        client_secret: text("client_secret"),
        rotate_secret: rotate.unwrap_or_default(),
    })
}

fn text_change(decoder: &Decoder, node: &Node) -> Option<TextChange> {
    let fields = decoder.fields(node, &keys::TEXT_CHANGE, node.span)?;
    let text = |name: &str| fields.get(name).and_then(|node| decoder.text(node, &format!("`{name}`")));
    let (replace, with) = (text("replace")?, text("with")?);
    if replace.trim().is_empty() {
        let span = fields.get("replace").map_or(node.span, |node| node.span);
        decoder
            .report(decoder.at(span, "`replace` is empty").help("say which text of the Caddyfile is to be replaced"));
    }
    let start = fields.get("replace").map_or(node.span, |node| node.span);
    let place = Some(format!("{}:{}:{}", decoder.source().name, start.line, start.column));
    Some(TextChange { replace: replace.to_owned(), with: with.to_owned(), place })
}

fn entries<'node>(decoder: &Decoder, node: Option<&'node Node>, what: &str) -> &'node [(Spanned<String>, Node)] {
    node.and_then(|node| decoder.entries(node, what)).unwrap_or_default()
}

fn texts(decoder: &Decoder, node: &Node, what: &str) -> Vec<String> {
    let items = decoder.list(node, what).unwrap_or_default();
    items.iter().filter_map(|item| decoder.text(item, &format!("an item of {what}")).map(str::to_owned)).collect()
}

fn service(decoder: &Decoder, name: &str, span: Span) -> Option<Service> {
    let found = Service::PARTS.iter().copied().find(|service| service.as_str() == name);
    if found.is_none() {
        let names = Service::PARTS.iter().map(|service| service.as_str());
        let help = match closest(name, names.clone()) {
            Some(close) => format!("did you mean `{close}`?"),
            None => format!("the services are {}", names.collect::<Vec<_>>().join(", ")),
        };
        decoder.report(decoder.at(span, format!("there is no service `{}`", name.escape_debug())).help(help));
    }
    found
}

fn environment(decoder: &Decoder, node: &Node) -> BTreeMap<String, Option<String>> {
    let setting = |(name, value): &(Spanned<String>, Node)| match value.kind {
        Kind::Null => Some((name.value.clone(), None)),
        _ => Some((name.value.clone(), Some(decoder.scalar(value, &format!("`{}`", name.value.escape_debug()))?))),
    };
    decoder.entries(node, "a service's settings").unwrap_or_default().iter().filter_map(setting).collect()
}

fn routes(decoder: &Decoder, node: Option<&Node>) -> RouteChanges {
    let change = |(name, node): &(Spanned<String>, Node)| match node.kind {
        Kind::Null => {
            known_route(decoder, name);
            Some((name.value.clone(), None))
        }
        _ => {
            let change = route::route(decoder, name, node)?;
            possible(decoder, name, node, &change);
            Some((name.value.clone(), Some(change)))
        }
    };
    entries(decoder, node, "`routes`").iter().filter_map(change).collect()
}

/// Reports what no edge could be given, by trying it on a site that has everything.
fn possible(decoder: &Decoder, name: &Spanned<String>, node: &Node, change: &RouteChange) {
    let mode = [routes::Mode::Subpath, routes::Mode::Subdomain]
        .into_iter()
        .find(|mode| change.path.is_some() || names::routes(*mode).iter().any(|route| route.name == name.value));
    // Names that there aren't are reported as such.
    let Some(site) = mode.and_then(names::whole) else { return };
    let options = StackOptions {
        routes: [(name.value.clone(), Some(change.clone()))].into(),
        ..StackOptions::new(scenario::model::Mode::Subpath)
    };
    let tried = site.clone().changed(&options.routes).and_then(|_| altered::served(&site, &options));
    let Err(error) = tried.and_then(|site| routes::validate::site_without_secret(&site)) else { return };
    for problem in error.problems {
        let field = problem.setting.rsplit('.').next().unwrap_or_default();
        let entries = node.as_mapping().unwrap_or_default();
        let span = entries.iter().find(|(key, _)| key.value == field).map_or(name.span, |(_, value)| value.span);
        decoder.report(
            decoder.at(span, format!("the route `{}` can't be so: {}", name.value.escape_debug(), problem.message)),
        );
    }
}

/// Reports a route that no site of ours has.
fn known_route(decoder: &Decoder, name: &Spanned<String>) {
    if names::is_known(&name.value) {
        return;
    }
    let help = match names::meant(&name.value) {
        Some(meant) => format!("did you mean `{meant}`? A route that there isn't can be added: give it a `path`"),
        None => "a route that there isn't can be added: give it a `path`, and a `service`, an `upstream`, a `redirect` or what to \
                 `respond`"
            .to_owned(),
    };
    decoder.report(decoder.at(name.span, format!("there is no route `{}`", name.value.escape_debug())).help(help));
}
