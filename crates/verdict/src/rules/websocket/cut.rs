//! `websocket/cut`: a WebSocket is ended without a close frame, and by whose timer.

use crate::evidence::{EndingKind, FrameKind, StackKind, WebSocketRecord};
use crate::finding::{Class, Severity};
use crate::fix::{Change, Fix};
use crate::rules::case::{Candidate, Case, Symptom, is_of_site};
use crate::rules::ways::{ELSEWHERE, seen, service_of};
use crate::rules::{Needs, Rule};

pub(in crate::rules) static RULE: Rule = Rule {
    code: "websocket/cut",
    class: Class::Fixable,
    severity: Severity::Error,
    title: "A WebSocket is cut while nothing is said",
    explain: "Somebody on the way has a time limit for connections, and takes a quiet one for a dead one: the connection ends \
              without a close frame, and the page behind it doesn't know. Caddy's `read_timeout`, `write_timeout` and \
              `stream_timeout` do so, and so do load balancers. Where the service has the limit, the edge is innocent.",
    told_by: "How long the connection lives through the edge, beside how long it lives when the service is asked directly: \
              longer means that the edge's timer cut it, as long means the service's own. One that lives when it is tried \
              again was cut by a restart or a reload, and nothing is claimed.",
    remedy: "Take `read_timeout`, `write_timeout` and `stream_timeout` out of the route's `reverse_proxy`, or let the service \
             send pings more often than they last. In nginx: `proxy_read_timeout`.",
    references: &["RFC 6455, section 7.1.5", "Caddy, reverse_proxy directive, streaming and transport http"],
    needs: Needs::A_STACK,
    find,
};

/// Two lives are equally long where they differ by less than this, in milliseconds, or by a fifth.
const SLACK_MS: f64 = 150.0;

/// Whose timer it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Whose {
    Edge,
    Service,
    Unknown,
}

fn find(case: &Case<'_>) -> Vec<Candidate> {
    let Some(stack) = &case.evidence.stack else { return Vec::new() };
    let cuts = case.open_by(|symptom| {
        let (url, socket) = cut(symptom)?;
        if !is_of_site(url, stack) {
            return None;
        }
        Some((service_of(url, stack)?, whose(case, stack.kind, url, socket)?))
    });
    // A limit on a connection's whole life, or on its silence, cuts others of the same service at other moments.
    let mut cuts = cuts;
    let mut claimed: Vec<usize> = cuts.values().flatten().copied().collect();
    for ((service, _), explains) in &mut cuts {
        let is_cut =
            |symptom: &Symptom<'_>| cut(symptom).is_some_and(|(url, _)| service_of(url, stack) == Some(*service));
        let others: Vec<usize> =
            case.open().filter(|(id, symptom)| !claimed.contains(id) && is_cut(symptom)).map(|(id, _)| id).collect();
        claimed.extend(&others);
        explains.extend(others);
    }
    let candidate = |((service, whose), explains): ((&str, Whose), Vec<usize>)| {
        let cut_ones: Vec<_> = explains.iter().filter_map(|id| cut(case.symptoms.get(*id)?)).collect();
        let after = cut_ones.iter().map(|(_, socket)| quiet_ms(socket)).fold(0.0, f64::max);
        let probes = cut_ones.iter().flat_map(|(url, _)| case.directly(url).chain(case.again(url)));
        let mut observations: Vec<_> = probes
            .filter_map(|probe| Some((probe, probe.websocket.as_ref()?)))
            .map(|(probe, socket)| seen(probe, &format!(", and {}", life(socket))))
            .collect();
        observations.sort();
        observations.dedup();
        observations.truncate(6);
        let after = format!("{:.1} s", after / 1000.0);
        let (cause, fix) = match whose {
            Whose::Edge => (
                format!("The edge cuts WebSockets to {service} after {after} of silence: past the edge they live on."),
                case.unless_refuted(RULE.code, lift(stack.kind), ELSEWHERE),
            ),
            Whose::Service => (
                format!(
                    "{service} itself cuts WebSockets after {after} of silence: past the edge they live no longer."
                ),
                Fix::advice(format!("Raise {service}'s own time limit for quiet connections, or let it send pings.")),
            ),
            Whose::Unknown => (
                format!(
                    "WebSockets to {service} are cut after {after} of silence, by a time limit of the edge's or of the \
                     service's own: how long one lives past the edge would tell."
                ),
                case.unless_refuted(RULE.code, lift(stack.kind), ELSEWHERE),
            ),
        };
        Candidate { cause, fix: Some(fix), observations, explains }
    };
    cuts.into_iter().map(candidate).collect()
}

fn lift(kind: StackKind) -> Fix {
    let out = |name: &str| Change::Directive { name: name.to_owned(), value: None };
    let changes = ["read_timeout", "write_timeout", "stream_timeout"].map(out);
    // The embedded edge has none.
    let changes = if kind == StackKind::Embedded { Vec::new() } else { changes.into() };
    Fix::apply("Lift the edge's time limits for connections that stay open.", changes)
}

/// The WebSocket of a symptom, where it was cut.
fn cut<'a>(symptom: &Symptom<'a>) -> Option<(&'a str, &'a WebSocketRecord)> {
    let socket = symptom.step?.websocket.as_ref()?;
    (socket.ending.how == EndingKind::Cut).then_some((symptom.last_url()?, socket))
}

/// How long nothing was said before its end, in milliseconds.
fn quiet_ms(socket: &WebSocketRecord) -> f64 {
    let spoken = socket.frames.iter().filter(|frame| frame.kind != FrameKind::Close);
    socket.open_ms - spoken.map(|frame| frame.at_ms).fold(0.0, f64::max)
}

/// `None` where it was no timer, as far as can be seen.
fn whose(case: &Case<'_>, kind: StackKind, url: &str, socket: &WebSocketRecord) -> Option<Whose> {
    let quiet = quiet_ms(socket);
    let is_longer = |other: &WebSocketRecord| is_longer(quiet_ms(other), quiet);
    let sockets = |probe: &'_ crate::evidence::Probe| probe.websocket.clone();
    if case.again(url).filter_map(sockets).any(|again| is_longer(&again)) {
        return None;
    }
    let direct: Vec<WebSocketRecord> = case.directly(url).filter_map(sockets).collect();
    if direct.iter().any(is_longer) {
        return Some(Whose::Edge);
    }
    let is_cut =
        |other: &WebSocketRecord| other.ending.how == EndingKind::Cut && !self::is_longer(quiet, quiet_ms(other));
    match (direct.is_empty(), direct.iter().any(is_cut)) {
        (_, true) => Some(Whose::Service),
        (true, _) if kind == StackKind::External => Some(Whose::Unknown),
        _ => None,
    }
}

fn is_longer(one: f64, other: f64) -> bool {
    one > other + SLACK_MS.min(other / 5.0)
}

fn life(socket: &WebSocketRecord) -> String {
    let seconds = socket.open_ms / 1000.0;
    match socket.ending.how {
        EndingKind::StillOpen => format!("still open after {seconds:.1} s"),
        EndingKind::Cut => format!("cut after {seconds:.1} s"),
        _ => format!("over after {seconds:.1} s"),
    }
}
