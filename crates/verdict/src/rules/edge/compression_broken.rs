//! `edge/compression-broken`: what is said of a content's coding isn't so.

use crate::evidence::{Exchange, StackKind};
use crate::finding::{Class, Severity};
use crate::fix::{Change, Fix};
use crate::rules::case::{Candidate, Case};
use crate::rules::view::{ELSEWHERE, is_of_site, is_whole, log, seen, service_of};
use crate::rules::{Needs, Rule};

pub(in crate::rules) static RULE: Rule = Rule {
    code: "edge/compression-broken",
    class: Class::Fixable,
    severity: Severity::Error,
    title: "Contents arrive in a coding that nobody asked for",
    explain: "`Content-Encoding` says how a content is compressed. Where an answer is compressed for a client that didn't offer \
              to take it so, or is called compressed and isn't, browsers and programs show gibberish or nothing. An edge that \
              compresses twice, sets the field by hand, or asks services for compressed answers in its clients' place does so.",
    told_by: "An answer with `Content-Encoding` to a request without `Accept-Encoding`, or with text under that field; the \
              service, asked directly, answers without it. An edge that unpacks answers itself, as Caddy does for clients that \
              offer to take none, breaks them off instead, and says in its log that it can't. A service that does so by itself \
              is named as the cause.",
    remedy: "Let only `encode` decide: take out `header Content-Encoding …` and `header_up Accept-Encoding …`.",
    references: &["RFC 9110, sections 8.4 and 12.5.3", "Caddy, encode directive"],
    needs: Needs::A_STACK,
    find,
};

/// What is wrong with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Wrong {
    Unasked,
    Untrue,
}

fn find(case: &Case<'_>) -> Vec<Candidate> {
    let Some(stack) = &case.evidence.stack else { return Vec::new() };
    let cant_unpack = log(case.evidence, "edge").any(is_of_unpacking);
    let found = case.open_by(|symptom| {
        let step = symptom.step?;
        let mut exchanges = step.trace.iter().rev();
        let broken = |exchange: &Exchange| (cant_unpack && !is_whole(exchange)).then_some(Wrong::Untrue);
        let (exchange, wrong) =
            exchanges.find_map(|exchange| Some((exchange, wrong(exchange).or_else(|| broken(exchange))?)))?;
        let url = exchange.request.url.as_str();
        if !is_of_site(url, stack) {
            return None;
        }
        let mut direct =
            case.directly(url).map(|probe| &probe.exchange).filter(|probe| probe.response.is_some()).peekable();
        let is_the_services = direct.peek().is_some() && direct.all(|probe| self::wrong(probe).is_some());
        Some((service_of(url, stack)?, wrong, is_the_services))
    });
    let candidate = |((service, wrong, is_the_services), explains): ((&str, Wrong, bool), Vec<usize>)| {
        let who = if is_the_services { service } else { "the edge" };
        let what = match wrong {
            Wrong::Unasked => "in a coding that the client didn't offer to take",
            Wrong::Untrue => "as compressed, and they aren't",
        };
        let urls = explains.iter().filter_map(|id| case.symptoms.get(*id)?.last_url());
        let mut observations: Vec<_> = urls.flat_map(|url| case.directly(url)).map(|probe| seen(probe, "")).collect();
        observations.sort();
        observations.dedup();
        observations.truncate(4);
        let fix = if is_the_services {
            Fix::advice(format!("Have {service} go by Accept-Encoding."))
        } else {
            let out = |name: &str| Change::Directive { name: name.to_owned(), value: None };
            let names = ["header Content-Encoding", "header_down Content-Encoding", "header_up Accept-Encoding"];
            let changes = if stack.kind == StackKind::Embedded { Vec::new() } else { names.map(out).into() };
            case.unless_refuted(
                RULE.code,
                Fix::apply("Let only `encode` decide about compression.", changes),
                ELSEWHERE,
            )
        };
        let cause = format!("Contents from {service} arrive {what}: that is the doing of {who}.");
        Candidate { cause, fix: Some(fix), observations, explains }
    };
    found.into_iter().map(candidate).collect()
}

/// What an edge says that unpacks for clients which didn't offer to, as Go's HTTP client does unasked, and can't: words of Go's
/// `compress` packages.
fn is_of_unpacking(line: &str) -> bool {
    ["gzip: invalid header", "gzip: invalid checksum", "flate: corrupt input", "zlib: invalid header"]
        .iter()
        .any(|words| line.contains(words))
}

fn wrong(exchange: &Exchange) -> Option<Wrong> {
    let response = exchange.response.as_ref()?;
    let coding = response.header("content-encoding").filter(|coding| !coding.eq_ignore_ascii_case("identity"))?;
    let asked = exchange.request.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("accept-encoding"));
    // gzip, br, zstd and deflate make bytes that are no text.
    let is_text = response.body_excerpt.as_ref().is_some_and(|text| text.len() >= 8);
    match asked {
        _ if is_text => Some(Wrong::Untrue),
        None => Some(Wrong::Unasked),
        Some((_, offered)) => {
            let is_offered =
                offered.contains('*') || offered.to_ascii_lowercase().contains(&coding.to_ascii_lowercase());
            (!is_offered).then_some(Wrong::Unasked)
        }
    }
}
