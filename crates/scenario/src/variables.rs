//! Which variables a scenario uses, and which services.

use std::collections::BTreeSet;

use crate::model::{
    Action, AssetsPage, Body, CaptureSource, Expectation, JsonTemplate, Operand, PartContent, Predicate, Scenario,
    Service, Step, Subject,
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
            step.templates(&mut |template| {
                needed.extend(template.variables().filter(|(name, _)| !known.contains(name)));
            });
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
        used
    }

    /// Calls `visit` with every text of the step that may hold variables.
    fn templates<'step>(&'step self, visit: &mut impl FnMut(&'step Template)) {
        if let Some(selector) = &self.when.css {
            visit(&selector.value);
        }
        match &self.action {
            Action::Request(request) => {
                visit(&request.target.value);
                pairs(&request.headers, visit);
                pairs(&request.query, visit);
                body(&request.body, visit);
                if let Some(credentials) = &request.basic_auth {
                    visit(&credentials.user.value);
                    visit(&credentials.password.value);
                }
            }
            Action::Submit(submit) => {
                visit(&submit.form.value);
                pairs(&submit.with, visit);
                pairs(&submit.headers, visit);
            }
            Action::Assets(assets) => {
                if let AssetsPage::At(target) = &assets.page {
                    visit(&target.value);
                }
                let texts = assets.under.iter().chain(&assets.ignore).chain(&assets.origins);
                texts.for_each(|text| visit(&text.value));
                pairs(&assets.headers, visit);
                if let Some(credentials) = &assets.basic_auth {
                    visit(&credentials.user.value);
                    visit(&credentials.password.value);
                }
            }
            Action::Use(other) => pairs(&other.with, visit),
        }
        for Expectation { subject, predicate, .. } in &self.expect {
            match subject {
                Subject::Css { selector: name, .. } | Subject::Json(name) | Subject::Cookie { name, .. } => {
                    visit(&name.value)
                }
                _ => {}
            }
            operands(predicate, visit);
        }
        for capture in &self.capture {
            match &capture.from {
                CaptureSource::Css { selector: path, .. } | CaptureSource::Json(path) => visit(&path.value),
                _ => {}
            }
            if let Some(regex) = &capture.regex {
                visit(&regex.value);
            }
        }
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
