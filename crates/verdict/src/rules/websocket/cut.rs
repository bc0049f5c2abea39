//! `websocket/cut`: a WebSocket is ended without a close frame, and by whose timer.

use crate::evidence::{EndingKind, FrameKind, StackKind, WebSocketRecord};
use crate::finding::{Class, Severity};
use crate::fix::{Change, Fix};
use crate::rules::case::{Candidate, Case, Symptom};
use crate::rules::view::{ELSEWHERE, is_of_site, seen, service_of, status};
use crate::rules::{Needs, Rule};

pub(in crate::rules) static RULE: Rule = Rule {
    code: "websocket/cut",
    class: Class::Fixable,
    severity: Severity::Error,
    title: "A WebSocket is cut while nothing is said",
    explain: "Somebody on the way has a time limit for connections, and takes a quiet one for a dead one: the connection ends \
              without a close frame, and the page behind it doesn't know. Caddy's `read_timeout`, `write_timeout` and \
              `stream_timeout` do so, and so do load balancers. Where the service has the limit, the edge is innocent.",
    told_by: "It ends without a close frame each time that it is opened through the edge. Opened directly at the service it is still \
              open when those were cut, or is cut much later: then it is the edge's timer; or it is cut as well: then it is the \
              service's own. One that lives when it is tried again was cut by a restart or a reload, and nothing is claimed.",
    remedy: "Take `read_timeout`, `write_timeout` and `stream_timeout` out of the route's `reverse_proxy`, or let the service \
             send pings more often than they last. In nginx: `proxy_read_timeout`.",
    references: &["RFC 6455, section 7.1.5", "Caddy, reverse_proxy directive, streaming and transport http"],
    needs: Needs::A_STACK,
    find,
};

/// How many times as long as the longest of those that were cut by the edge a connection lives for which another timer runs. On a
/// machine that is busy the same timer cuts at quite different moments.
const MUCH_LONGER: f64 = 1.5;

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
    let is_cut = |socket: &&WebSocketRecord| socket.ending.how == EndingKind::Cut;
    let again: Vec<&WebSocketRecord> = case.again(url).filter_map(|probe| probe.websocket.as_ref()).collect();
    // A timer runs each time.
    if !again.iter().all(is_cut) {
        return None;
    }
    let direct: Vec<&WebSocketRecord> = case.directly(url).filter_map(|probe| probe.websocket.as_ref()).collect();
    if direct.is_empty() {
        // Nobody may ask past the edge; or a stranger is refused there, who would have been the one to tell.
        let is_refused = |probe: &crate::evidence::Probe| matches!(status(&probe.exchange), Some(401 | 403));
        let is_gated = case.directly(url).any(is_refused);
        return (kind == StackKind::External || is_gated).then_some(Whose::Unknown);
    }
    let lives = || again.iter().copied().chain([socket]).map(quiet_ms);
    let (shortest, longest) = (lives().fold(f64::INFINITY, f64::min), lives().fold(0.0, f64::max));
    let lives_on = |direct: &&WebSocketRecord| match direct.ending.how {
        EndingKind::StillOpen => quiet_ms(direct) > shortest,
        _ => quiet_ms(direct) > longest * MUCH_LONGER,
    };
    match (direct.iter().any(lives_on), direct.iter().any(is_cut)) {
        (true, _) => Some(Whose::Edge),
        (false, true) => Some(Whose::Service),
        (false, false) => None,
    }
}

fn life(socket: &WebSocketRecord) -> String {
    let seconds = socket.open_ms / 1000.0;
    match socket.ending.how {
        EndingKind::StillOpen => format!("still open after {seconds:.1} s"),
        EndingKind::Cut => format!("cut after {seconds:.1} s"),
        _ => format!("over after {seconds:.1} s"),
    }
}
