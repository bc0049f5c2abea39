//! Which variables a scenario uses, and which services.

use std::collections::BTreeSet;

use crate::model::{
    Action, AssetsPage, BasicAuth, Body, Capture, CaptureSource, Credentials, Expectation, FrameExpectation,
    FrameSubject, Frames, Git, GitAction, GitAspect, JsonTemplate, Message, OAuth, Operand, PartContent, Predicate,
    Request, Scenario, Service, Step, Subject, Submit, TurnAction, WebSocket,
};
use crate::span::{Span, Spanned};
use crate::template::Template;

impl Scenario {
    /// The variables that need a value from outside: all that are used, each time with its place and in the order of the
    /// file, but for those declared under `vars` and those captured by an earlier step. Declared secrets are among them
    /// where they are used. What a `use` step captures isn't known here: a variable used after it may come from there.
    pub fn variables(&self) -> Vec<(&str, Span)> {
        let mut known: BTreeSet<&str> = self.vars.iter().map(|(name, _)| name.value.as_str()).collect();
        let mut needed = Vec::new();
        for (_, value) in &self.vars {
            needed.extend(value.value.variables().filter(|(name, _)| !known.contains(name)));
        }
        for step in &self.steps {
            known.extend(step.captures_on_the_way().map(|capture| capture.name.value.as_str()));
            step.templates(&mut |template| {
                needed.extend(template.variables().filter(|(name, _)| !known.contains(name)));
            });
            needed.extend(step.undo_variables().filter(|(name, _)| !known.contains(name)));
            known.extend(step.capture.iter().map(|capture| capture.name.value.as_str()));
        }
        needed
    }

    /// The services that the scenario mentions, by `${forge}` or under `when`.
    pub fn services(&self) -> BTreeSet<Service> {
        let conditions = std::iter::once(&self.when).chain(self.steps.iter().map(|step| &step.when));
        let mut services: BTreeSet<Service> =
            conditions.flat_map(|when| when.services.iter().map(|service| service.value)).collect();
        let variables = self.variables();
        let is_used = |service: &&Service| variables.iter().any(|(name, _)| *name == service.as_str());
        services.extend(Service::ALL.iter().filter(is_used));
        services
    }
}

impl Step {
    /// The variables that the step uses, each time with its place.
    pub fn variables(&self) -> Vec<(&str, Span)> {
        let mut used = Vec::new();
        self.templates(&mut |template| used.extend(template.variables()));
        used.extend(self.undo_variables());
        used
    }

    /// Those of the call that takes the step back, but for those that the step itself captures.
    fn undo_variables(&self) -> impl Iterator<Item = (&str, Span)> {
        let undo = match &self.action {
            Action::Api(api) => api.undo.as_ref(),
            _ => None,
        };
        let variables = undo.into_iter().flat_map(|undo| undo.target.value.variables());
        variables.filter(|(name, _)| !self.capture.iter().any(|capture| capture.name.value == *name))
    }

    /// Calls `visit` with every text of the step that may hold variables.
    fn templates<'step>(&'step self, visit: &mut impl FnMut(&'step Template)) {
        if let Some(selector) = &self.when.css {
            visit(&selector.value);
        }
        match &self.action {
            Action::Request(made) => request(made, visit),
            Action::Submit(form) => submit(form, visit),
            Action::Api(api) => {
                request(&api.request, visit);
                match &api.credentials {
                    Some(Credentials::Basic(pair)) => basic_auth(pair, visit),
                    credentials => {
                        let secret = credentials.as_ref().and_then(Credentials::secret);
                        secret.into_iter().for_each(|token| visit(&token.value));
                    }
                }
            }
            Action::OAuth(dance) => oauth(dance, visit),
            Action::WebSocket(socket) => websocket(socket, visit),
            Action::Git(action) => git(action, visit),
            Action::Closed(target) => visit(&target.value),
            Action::Assets(assets) => {
                if let AssetsPage::At(target) = &assets.page {
                    visit(&target.value);
                }
                let texts = assets.under.iter().chain(&assets.ignore).chain(&assets.origins);
                texts.for_each(|text| visit(&text.value));
                pairs(&assets.headers, visit);
                assets.basic_auth.iter().for_each(|pair| basic_auth(pair, visit));
            }
            Action::Use(other) => pairs(&other.with, visit),
        }
        expectations(&self.expect, visit);
        self.capture.iter().for_each(|capture| captured(capture, visit));
    }
}

fn captured<'step>(capture: &'step Capture, visit: &mut impl FnMut(&'step Template)) {
    match &capture.from {
        CaptureSource::Css { selector: path, .. } | CaptureSource::Json(path) => visit(&path.value),
        _ => {}
    }
    if let Some(regex) = &capture.regex {
        visit(&regex.value);
    }
}

fn websocket<'step>(socket: &'step WebSocket, visit: &mut impl FnMut(&'step Template)) {
    visit(&socket.target.value);
    pairs(&socket.headers, visit);
    pairs(&socket.query, visit);
    socket.basic_auth.iter().for_each(|pair| basic_auth(pair, visit));
    socket.subprotocols.iter().for_each(|name| visit(&name.value));
    for turn in &socket.dialogue {
        match &turn.action {
            TurnAction::Send(Message::Text(text) | Message::Binary(text) | Message::Ping(text)) => visit(&text.value),
            TurnAction::Send(Message::Json(template)) => json(&template.value, visit),
            TurnAction::Hold(_) => {}
            TurnAction::Close(closing) => closing.reason.iter().for_each(|reason| visit(&reason.value)),
            TurnAction::Await(awaited) => {
                frames(&awaited.expect, visit);
                if let Frames::Until { last, number } = &awaited.frames {
                    frames(last, visit);
                    number.iter().for_each(|number| operands(&number.value, visit));
                }
                awaited.spread.iter().for_each(|spread| operands(&spread.value, visit));
                awaited.capture.iter().for_each(|capture| captured(capture, visit));
            }
        }
    }
}

fn frames<'step>(expected: &'step [FrameExpectation], visit: &mut impl FnMut(&'step Template)) {
    for expectation in expected {
        if let FrameSubject::Json(path) = &expectation.subject {
            visit(&path.value);
        }
        operands(&expectation.predicate, visit);
    }
}

fn request<'step>(request: &'step Request, visit: &mut impl FnMut(&'step Template)) {
    visit(&request.target.value);
    pairs(&request.headers, visit);
    pairs(&request.query, visit);
    body(&request.body, visit);
    request.basic_auth.iter().for_each(|pair| basic_auth(pair, visit));
}

fn basic_auth<'step>(pair: &'step BasicAuth, visit: &mut impl FnMut(&'step Template)) {
    visit(&pair.user.value);
    visit(&pair.password.value);
}

fn submit<'step>(submit: &'step Submit, visit: &mut impl FnMut(&'step Template)) {
    visit(&submit.form.value);
    pairs(&submit.with, visit);
    pairs(&submit.headers, visit);
}

fn oauth<'step>(oauth: &'step OAuth, visit: &mut impl FnMut(&'step Template)) {
    let addresses = [Some(&oauth.start), Some(&oauth.provider), oauth.client.as_ref(), Some(&oauth.redirect_uri)];
    addresses.into_iter().flatten().for_each(|address| visit(&address.value));
    oauth.sign_in.iter().chain(&oauth.consent).for_each(|form| submit(form, visit));
    for cookie in &oauth.session {
        visit(&cookie.name.value);
        cookie.expect.iter().for_each(|expectation| operands(&expectation.predicate, visit));
    }
    oauth.refuses.iter().for_each(|refusal| expectations(&refusal.expect, visit));
}

fn expectations<'step>(expectations: &'step [Expectation], visit: &mut impl FnMut(&'step Template)) {
    for Expectation { subject, predicate, .. } in expectations {
        match subject {
            Subject::Css { selector: name, .. }
            | Subject::Json(name)
            | Subject::Cookie { name, .. }
            | Subject::Git(GitAspect::Branch(name) | GitAspect::File(name)) => visit(&name.value),
            _ => {}
        }
        operands(predicate, visit);
    }
}

fn git<'step>(git: &'step Git, visit: &mut impl FnMut(&'step Template)) {
    visit(&git.url.value);
    git.basic_auth.iter().for_each(|pair| basic_auth(pair, visit));
    git.branch.iter().for_each(|branch| visit(&branch.value));
    if let GitAction::Push(push) = &git.action {
        pairs(&push.files, visit);
        push.message.iter().for_each(|message| visit(&message.value));
    }
}

fn pairs<'step>(pairs: &'step [(Spanned<String>, Spanned<Template>)], visit: &mut impl FnMut(&'step Template)) {
    pairs.iter().for_each(|(_, value)| visit(&value.value));
}

fn body<'step>(body: &'step Body, visit: &mut impl FnMut(&'step Template)) {
    match body {
        Body::None => {}
        Body::Text(text) => visit(&text.value),
        Body::Form(fields) => pairs(fields, visit),
        Body::Json(template) => json(&template.value, visit),
        Body::Multipart(parts) => {
            for part in parts {
                match &part.content {
                    PartContent::Text(text) | PartContent::File(text) => visit(&text.value),
                }
                part.filename.iter().chain(&part.content_type).for_each(|text| visit(&text.value));
            }
        }
    }
}

fn json<'step>(template: &'step JsonTemplate, visit: &mut impl FnMut(&'step Template)) {
    match template {
        JsonTemplate::Literal(_) => {}
        JsonTemplate::Text(text) => visit(text),
        JsonTemplate::Array(items) => items.iter().for_each(|item| json(item, visit)),
        JsonTemplate::Object(fields) => fields.iter().for_each(|(_, field)| json(field, visit)),
    }
}

fn operands<'step>(predicate: &'step Predicate, visit: &mut impl FnMut(&'step Template)) {
    match predicate {
        Predicate::Equals(value) | Predicate::Compare(_, value) => operand(&value.value, visit),
        Predicate::OneOf(values) => values.iter().for_each(|value| operand(&value.value, visit)),
        Predicate::Not(inner) | Predicate::Count(inner) => operands(inner, visit),
        Predicate::Contains(text)
        | Predicate::Matches(text)
        | Predicate::StartsWith(text)
        | Predicate::EndsWith(text)
        | Predicate::Under(text) => visit(&text.value),
        Predicate::Exists(_) => {}
        Predicate::All(parts) => parts.iter().for_each(|part| operands(&part.value, visit)),
    }
}

fn operand<'step>(operand: &'step Operand, visit: &mut impl FnMut(&'step Template)) {
    match operand {
        Operand::Text(text) => visit(text),
        Operand::Json(template) => json(template, visit),
        Operand::Number(_) | Operand::Bool(_) | Operand::Null => {}
    }
}
