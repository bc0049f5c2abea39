//! What a client must refuse at its callback.

use scenario::model::{Attack, Refusal};
use verdict::evidence::OAuthPhaseKind;

use super::dance::Dance;
use super::findings::{self, unexpected};
use super::landing;
use super::message::{denied, with_forged_state};
use super::walk::{End, FOLLOW, Until, Walked, get, walk};
use crate::engine::expect::describe_hop;
use crate::engine::http::{Address, Jar};
use crate::engine::problem::Problem;
use crate::engine::steps::Acting;
use crate::engine::visitor::Obstacle;

/// The phase that tries it.
pub(super) fn kind(attack: Attack) -> OAuthPhaseKind {
    match attack {
        Attack::ForgedState => OAuthPhaseKind::ForgedState,
        Attack::Error => OAuthPhaseKind::Error,
        Attack::AnotherBrowser => OAuthPhaseKind::AnotherBrowser,
    }
}

/// Tries it, in a browser that the client has forgotten. Gives what doesn't hold.
pub(super) async fn attempt(
    acting: &mut Acting<'_>,
    dance: &Dance<'_>,
    refusal: &Refusal,
) -> Result<Vec<Problem>, Problem> {
    // A good code, where one is needed: only then does the client's judgement of the state count.
    let until = if refusal.attack == Attack::Error { Until::Request } else { Until::Response };
    let walked = walk(acting, dance, until).await?;
    let mut phase = walked.record(kind(refusal.attack));
    let Some(target) = target(dance, refusal.attack, &walked) else {
        super::note(acting, phase);
        let mut problems = findings::of(acting, dance, &walked);
        for problem in &mut problems {
            problem.diagnostic.message =
                format!("before `{}` could be tried: {}", refusal.attack.as_str(), problem.diagnostic.message);
        }
        if problems.is_empty() {
            let message = format!("`{}` could not be tried", refusal.attack.as_str());
            let diagnostic = acting.diagnostic(refusal.span, message).label(findings::last_with_sender(acting));
            problems.push(unexpected(diagnostic.help("the client signs in without an authorization response")));
        }
        return Ok(problems);
    };
    if refusal.attack == Attack::AnotherBrowser {
        acting.visitor.jar = Jar::default();
    }
    let before = landing::session(acting, dance);
    let callback = acting.visitor.hops.len();
    // A client may begin anew instead: that is a refusal, and what comes of it is another sign-in.
    let allowed = |address: &Address| dance.is_of_the_site(address) && !dance.is_request(address);
    let result = acting.visitor.navigate_within(get(target), Some(FOLLOW), &allowed).await;
    let hops = acting.visitor.hops.len();
    acting.visitor.focus = Some(callback..hops);
    let after = landing::session(acting, dance);
    phase.landing = landing::record(acting, Some(callback));
    phase.session = after.iter().map(|(name, _)| name.clone()).collect();
    let mut problems = Vec::new();
    match result {
        Ok(()) => {}
        Err(Obstacle::Astray { to }) if dance.is_request(&to) => {}
        Err(Obstacle::Astray { to }) => {
            problems.push(findings::astray(acting, dance, &Walked { unsent: Some(to), end: End::Astray, ..walked }));
        }
        Err(obstacle) => problems.push(findings::obstructed(acting, obstacle)),
    }
    super::note(acting, phase);
    let handed_out = after.iter().find(|cookie| !before.contains(cookie));
    if let Some((name, _)) = handed_out {
        problems.push(accepted(acting, refusal, name, callback));
    } else if problems.is_empty() {
        problems = acting.check(&refusal.expect);
    }
    Ok(problems)
}

/// What is sent to the callback; `None` where the walk didn't give what is needed for it.
fn target(dance: &Dance<'_>, attack: Attack, walked: &Walked) -> Option<Address> {
    let unsent = walked.unsent.as_ref().filter(|_| matches!(walked.end, End::Arrived))?;
    match attack {
        Attack::ForgedState => with_forged_state(unsent),
        Attack::Error => {
            let state = walked.messages.request.as_ref().and_then(|request| request.query.get("state"));
            Some(denied(&dance.callback, state))
        }
        Attack::AnotherBrowser => Some(unsent.clone()),
    }
}

/// The client has signed somebody in whom it should have turned away.
fn accepted(acting: &Acting<'_>, refusal: &Refusal, cookie: &str, callback: usize) -> Problem {
    let sets_it = |hop: &&crate::engine::visitor::Hop| hop.set_cookies.iter().any(|set| set.name == cookie);
    let hop = acting.visitor.hops.iter().skip(callback).find(sets_it).map(describe_hop).unwrap_or_default();
    let (message, help) = match refusal.attack {
        Attack::ForgedState => (
            "a forged state signs the user in",
            "the client must compare the state with the one that it gave out; as it is, anybody can have a user's browser \
             finish a sign-in that the user never began (RFC 6749, 10.12)",
        ),
        Attack::Error => (
            "an error in the provider's place signs the user in",
            "there is no code in such an answer: the client must stop there (RFC 6749, 4.1.2.1)",
        ),
        Attack::AnotherBrowser => (
            "another browser finishes the sign-in",
            "the client must bind the state to the browser that began, by a cookie; as it is, a link signs whoever opens \
             it in to somebody else's account (RFC 6749, 10.12)",
        ),
    };
    unexpected(
        acting
            .diagnostic(refusal.span, message)
            .label(hop)
            .expected("no session")
            .found(format!("a session: cookie `{cookie}`"))
            .help(help),
    )
}
