//! Sign-ins by OAuth 2.

use url::Url;

use crate::decode::{Decoder, Fields};
use crate::model::{Attack, OAuth, Refusal, SessionCookie, Submit};
use crate::parse::{expect, keys, request, template, values};
use crate::span::{Span, Spanned};
use crate::template::Template;
use crate::yaml::{Kind, Node};

/// The dance of a step whose `oauth`, at `key`, is `node`.
pub(super) fn oauth(decoder: &Decoder, key: Span, node: &Node) -> Option<OAuth> {
    if !matches!(node.kind, Kind::Mapping(_)) {
        let diagnostic = decoder.wrong(node, "`oauth`", "a mapping");
        decoder.report(diagnostic.help("write `start: …` below it, with `provider`, `redirect_uri` and `session`"));
        return None;
    }
    let fields = decoder.fields(node, &keys::OAUTH, key)?;
    let start = address(decoder, &fields, "start");
    let provider = address(decoder, &fields, "provider");
    let client = fields.get("client").map(|_| address(decoder, &fields, "client"));
    let redirect_uri = redirect_uri(decoder, &fields);
    let sign_in = fields.get("sign_in").map(|node| form(decoder, node));
    let consent = fields.get("consent").map(|node| form(decoder, node));
    let session = fields.get("session").map(|node| session(decoder, node)).unwrap_or_default();
    let again = fields.get("again").map_or(Some(true), |node| decoder.boolean(node, "`again`"));
    let refuses = refuses(decoder, key, fields.get("refuses"));
    Some(OAuth {
        start: start?,
        provider: provider?,
        client: client.map_or(Some(None), |client| client.map(Some))?,
        redirect_uri: redirect_uri?,
        sign_in: sign_in.map_or(Some(None), |form| form.map(Some))?,
        consent: consent.map_or(Some(None), |form| form.map(Some))?,
        session,
        again: again?,
        refuses,
    })
}

fn address(decoder: &Decoder, fields: &Fields<'_>, key: &str) -> Option<Spanned<Template>> {
    let node = fields.get(key)?;
    request::target_of(decoder, node, key, request::Speaks::Http)
}

/// The whole URI: it is compared with what a client sends, letter by letter.
fn redirect_uri(decoder: &Decoder, fields: &Fields<'_>) -> Option<Spanned<Template>> {
    let node = fields.get("redirect_uri")?;
    let uri = request::target_of(decoder, node, "redirect_uri", request::Speaks::Http)?;
    if let Some(literal) = uri.value.literal()
        && !Url::parse(&literal).is_ok_and(|url| url.has_host())
    {
        let diagnostic = decoder.at(node.span, "a redirect URI is a whole URI (RFC 6749, section 3.1.2)");
        decoder.report(diagnostic.help("write it as it is registered with the provider, such as `${ci}/authorize`"));
        return None;
    }
    Some(uri)
}

fn form(decoder: &Decoder, node: &Node) -> Option<Submit> {
    let fields = decoder.fields(node, &keys::FORM, node.span)?;
    let with = fields.get("with").map(|node| values::single_pairs(decoder, node, "`with`")).unwrap_or_default();
    let form = values::selector(decoder, template::string(decoder, fields.get("form")?, "`form`"))?;
    Some(Submit { form, with, headers: Vec::new() })
}

fn session(decoder: &Decoder, node: &Node) -> Vec<SessionCookie> {
    let entries = decoder.entries(node, "`session`").unwrap_or_default();
    if matches!(&node.kind, Kind::Mapping(entries) if entries.is_empty()) {
        let diagnostic = decoder.at(node.span, "`session` names no cookie");
        decoder.report(
            diagnostic.help("name the cookie that the client sets for who is signed in: `{ user_sess: exists }`"),
        );
    }
    let cookie = |(name, value): &(Spanned<String>, Node)| {
        let is_absent = value.as_word() == Some("absent")
            || value.as_mapping().is_some_and(|entries| {
                entries.iter().any(|(key, value)| key.value == "exists" && value.kind == Kind::Bool(false))
            });
        if is_absent {
            let diagnostic = decoder.at(value.span, "a session is a cookie that is there");
            decoder.report(diagnostic.help("name the session's cookies alone; others go under `expect`"));
            return None;
        }
        let expect = expect::cookie(decoder, name, value);
        Some(SessionCookie { name: template::key(decoder, name)?, expect })
    };
    entries.iter().filter_map(cookie).collect()
}

fn refuses(decoder: &Decoder, key: Span, node: Option<&Node>) -> Vec<Refusal> {
    let fields = node.and_then(|node| decoder.fields(node, &keys::REFUSES, node.span));
    let given = |attack: Attack| fields.as_ref().and_then(|fields| fields.entry(attack.as_str()));
    let refusal = |attack: &Attack| {
        let attack = *attack;
        let Some((name, node)) = given(attack) else {
            return attack.by_default().then(|| Refusal { attack, span: key, expect: Vec::new() });
        };
        match &node.kind {
            Kind::Bool(tried) => tried.then(|| Refusal { attack, span: name.span, expect: Vec::new() }),
            Kind::Mapping(_) => Some(Refusal { attack, span: name.span, expect: expect::expect(decoder, node) }),
            _ => {
                let diagnostic = decoder.wrong(node, &format!("`{}`", name.value), "`true`, `false` or a mapping");
                decoder.report(diagnostic.help("a mapping says how the refusal is seen: `{ status: 403 }`"));
                None
            }
        }
    };
    Attack::ALL.iter().filter_map(refusal).collect()
}
