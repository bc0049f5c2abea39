//! What is expected.

use crate::decode::{Decoder, Fields};
use crate::model::{CookieAspect, CssAspect, Expectation, HopAspect, Operand, Predicate, Subject};
use crate::parse::predicate::{self, Domain};
use crate::parse::{assets, git, keys, template, values};
use crate::span::{Span, Spanned};
use crate::text;
use crate::yaml::{Kind, Node};

/// Collects a step's expectations.
pub(super) struct Expectations<'decoder> {
    pub(super) decoder: &'decoder Decoder,
    found: Vec<Expectation>,
}

pub(super) fn expect(decoder: &Decoder, node: &Node) -> Vec<Expectation> {
    let Some(fields) = decoder.fields(node, &keys::EXPECT, node.span) else { return Vec::new() };
    let mut expectations = Expectations { decoder, found: Vec::new() };
    for (key, value) in fields.iter() {
        let what = format!("`{}`", key.value);
        match key.value.as_str() {
            "status" => expectations.add(Subject::Status, value, Domain::Status, &what),
            "headers" => expectations.headers(value, Subject::Header),
            "content_type" => expectations.add(Subject::ContentType, value, Domain::MediaType, &what),
            "body" => expectations.add(Subject::Body, value, Domain::Text, &what),
            "css" => expectations.each(value, &what, Expectations::css),
            "json" => expectations.each(value, &what, Expectations::json),
            "url" => expectations.add(Subject::Url, value, Domain::Url, &what),
            "every_hop" => expectations.every_hop(value),
            "hops" => expectations.add(Subject::Hops, value, Domain::Count, &what),
            "no_loop" => expectations.no_loop(value),
            "cookie" => expectations.each(value, &what, Expectations::cookie),
            "git" => git::expect(&mut expectations, value),
            "spread" => expectations.add(Subject::Spread, value, Domain::Duration, &what),
            "assets" => assets::expect(&mut expectations, value),
            _ => expectations.add(Subject::Duration, value, Domain::Duration, &what),
        }
    }
    if node.as_mapping().is_some_and(<[_]>::is_empty) {
        decoder.report(
            decoder.at(node.span, "an empty `expect` expects nothing").help("say what must hold, or leave it out"),
        );
    }
    expectations.found
}

/// What is expected of one cookie.
pub(super) fn cookie(decoder: &Decoder, name: &Spanned<String>, node: &Node) -> Vec<Expectation> {
    let mut expectations = Expectations { decoder, found: Vec::new() };
    expectations.cookie(name, node);
    expectations.found
}

impl Expectations<'_> {
    pub(super) fn add(&mut self, subject: Subject, node: &Node, domain: Domain, what: &str) {
        if let Some(predicate) = predicate::predicate(self.decoder, node, domain, what) {
            self.push(subject, node, predicate);
        }
    }

    fn push(&mut self, subject: Subject, node: &Node, predicate: Predicate) {
        self.found.push(Expectation { span: place(node), subject, predicate });
    }

    /// Adds the operators that stand among other keys.
    fn add_operators(&mut self, subject: Subject, fields: &Fields<'_>, node: &Node, domain: Domain) {
        if let Some(predicate) = predicate::operators(self.decoder, fields, node, domain) {
            let mut operators = fields.iter().filter(|(key, _)| keys::PREDICATE.key(&key.value).is_some());
            let span = match (operators.next(), operators.next()) {
                (Some((key, value)), None) => entry(key, value).unwrap_or(node.span),
                _ => node.span,
            };
            self.found.push(Expectation { span, subject, predicate });
        }
    }

    pub(super) fn each(&mut self, node: &Node, what: &str, add: impl Fn(&mut Self, &Spanned<String>, &Node)) {
        for (key, value) in self.decoder.entries(node, what).unwrap_or_default() {
            add(self, key, value);
        }
    }

    fn headers(&mut self, node: &Node, subject: impl Fn(String) -> Subject) {
        self.each(node, "`headers`", |expectations, name, value| {
            if values::header_name(expectations.decoder, &name.value, name.span) {
                let subject = subject(name.value.to_ascii_lowercase());
                expectations.add(subject, value, Domain::Text, &quoted(name));
            }
        });
    }

    fn json(&mut self, path: &Spanned<String>, node: &Node) {
        if let Some(template) = values::json_path(self.decoder, template::key(self.decoder, path)) {
            self.add(Subject::Json(template), node, Domain::Json, &quoted(path));
        }
    }

    fn no_loop(&mut self, node: &Node) {
        if node.kind == Kind::Bool(true) {
            let operand = Spanned::new(Operand::Bool(true), node.span);
            self.push(Subject::NoLoop, node, Predicate::Equals(operand));
        } else {
            let diagnostic = self.decoder.wrong(node, "`no_loop`", "`true`");
            self.decoder.report(diagnostic.help("leave it out where a loop is allowed"));
        }
    }

    fn css(&mut self, key: &Spanned<String>, node: &Node) {
        let decoder = self.decoder;
        let Some(selector) = values::selector(decoder, template::key(decoder, key)) else { return };
        let subject = |aspect| Subject::Css { selector: selector.clone(), aspect };
        if !matches!(node.kind, Kind::Mapping(_)) {
            let aspect = match node.as_word() {
                Some("exists" | "absent") => CssAspect::Elements,
                _ => CssAspect::Text,
            };
            return self.add(subject(aspect), node, Domain::Text, &quoted(key));
        }
        let Some(fields) = decoder.fields(node, &keys::CSS, node.span) else { return };
        let mut others = fields.clone();
        for (name, value) in fields.iter() {
            match name.value.as_str() {
                "text" => self.add(subject(CssAspect::Text), value, Domain::Text, "`text`"),
                "attribute" => self.each(value, "`attribute`", |expectations, name, value| {
                    let aspect = CssAspect::Attribute(name.value.clone());
                    expectations.add(subject(aspect), value, Domain::Text, &quoted(name));
                }),
                "exists" => {
                    if let Some(wanted) = decoder.boolean(value, "`exists`") {
                        self.push(subject(CssAspect::Elements), value, Predicate::Exists(wanted));
                    }
                }
                "count" => {
                    if let Some(inner) = predicate::predicate(decoder, value, Domain::Count, "`count`") {
                        self.push(subject(CssAspect::Elements), value, Predicate::Count(Box::new(inner)));
                    }
                }
                _ => continue,
            }
            others.remove(&name.value);
        }
        self.add_operators(subject(CssAspect::Text), &others, node, Domain::Text);
    }

    fn every_hop(&mut self, node: &Node) {
        let decoder = self.decoder;
        if !matches!(node.kind, Kind::Mapping(_)) {
            return self.add(Subject::EveryHop(HopAspect::Url), node, Domain::Url, "`every_hop`");
        }
        let Some(fields) = decoder.fields(node, &keys::EVERY_HOP, node.span) else { return };
        for (name, value) in fields.iter() {
            match name.value.as_str() {
                "url" => self.add(Subject::EveryHop(HopAspect::Url), value, Domain::Url, "`url`"),
                "status" => self.add(Subject::EveryHop(HopAspect::Status), value, Domain::Status, "`status`"),
                "headers" => self.headers(value, |name| Subject::EveryHop(HopAspect::Header(name))),
                _ => {}
            }
        }
        self.add_operators(Subject::EveryHop(HopAspect::Url), &fields, node, Domain::Url);
    }

    fn cookie(&mut self, key: &Spanned<String>, node: &Node) {
        let decoder = self.decoder;
        let Some(name) = template::key(decoder, key) else { return };
        let subject = |aspect| Subject::Cookie { name: name.clone(), aspect };
        match (&node.kind, node.as_word()) {
            (_, Some("exists")) => return self.push(subject(CookieAspect::Presence), node, Predicate::Exists(true)),
            (_, Some("absent")) => return self.push(subject(CookieAspect::Presence), node, Predicate::Exists(false)),
            (Kind::Mapping(_), _) => {}
            _ => {
                let diagnostic = decoder.wrong(node, &quoted(key), "`exists`, `absent` or a mapping");
                let help = "write `{ value: … }` for its value; others are `path`, `domain`, `http_only`, `secure`, `same_site`, `expires_in`";
                return decoder.report(diagnostic.help(help));
            }
        }
        let Some(fields) = decoder.fields(node, &keys::COOKIE, node.span) else { return };
        for (name, value) in fields.iter() {
            let (aspect, domain) = match name.value.as_str() {
                "exists" => {
                    if let Some(wanted) = decoder.boolean(value, "`exists`") {
                        self.push(subject(CookieAspect::Presence), value, Predicate::Exists(wanted));
                    }
                    continue;
                }
                "value" => (CookieAspect::Value, Domain::Text),
                "path" => (CookieAspect::Path, Domain::Text),
                "domain" => (CookieAspect::Domain, Domain::Text),
                "http_only" => (CookieAspect::HttpOnly, Domain::Flag),
                "secure" => (CookieAspect::Secure, Domain::Flag),
                "same_site" => (CookieAspect::SameSite, Domain::Text),
                _ => (CookieAspect::ExpiresIn, Domain::Lifetime),
            };
            self.add(subject(aspect), value, domain, &quoted(name));
        }
        if node.as_mapping().is_some_and(<[_]>::is_empty) {
            let diagnostic = decoder.at(key.span, "nothing is expected of this cookie");
            decoder.report(diagnostic.help("write `exists`"));
        }
    }
}

/// Where the carets of an expectation go: to its value; to what stands within the braces, if that is one thing.
pub(super) fn place(node: &Node) -> Span {
    match node.as_mapping() {
        Some([(key, value)]) => entry(key, value).unwrap_or(node.span),
        _ => node.span,
    }
}

/// A key with its value, unless the value is an alias's and stands elsewhere.
fn entry(key: &Spanned<String>, value: &Node) -> Option<Span> {
    (value.span.start >= key.span.end).then(|| key.span.to(value.span))
}

pub(super) fn quoted(name: &Spanned<String>) -> String {
    format!("`{}`", text::one_line(&name.value))
}
