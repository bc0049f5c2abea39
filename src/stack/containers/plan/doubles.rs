//! Doubles in the place of services that are to have defects. They are of the echo's image, and are told what their services are.

use std::collections::BTreeMap;

use scenario::model::Service;

use crate::images::Choice;
use crate::stack::StackOptions;
use crate::stack::containers::compose::model::{Healthcheck, ServiceSpec};

/// The images with those of doubles for services that are to have defects.
pub(in crate::stack::containers) fn images(
    mut images: BTreeMap<Service, Choice>,
    options: &StackOptions,
) -> BTreeMap<Service, Choice> {
    let Some(double) = images.get(&Service::Echo).cloned() else { return images };
    for service in options.defects.keys() {
        images.insert(*service, Choice { is_double: true, ..double.clone() });
    }
    images
}

/// Has the double run in a container, with the mistakes that it is to have.
pub(super) fn stand_in(services: &mut BTreeMap<String, ServiceSpec>, options: &StackOptions) {
    for (service, defects) in &options.defects {
        let Some(spec) = services.get_mut(service.as_str()) else { continue };
        let port = spec.expose.first().copied().unwrap_or_default();
        spec.entrypoint = Some(vec!["/bin/double".to_owned(), service.to_string()]);
        spec.command = None;
        let names: Vec<&str> = defects.iter().map(|defect| defect.name()).collect();
        spec.environment.insert("CHAT_DEFECTS".to_owned(), names.join(","));
        let ready = format!("http://127.0.0.1:{port}/ready");
        let test = ["CMD", "/bin/double", "healthcheck", &ready].map(str::to_owned).to_vec();
        spec.healthcheck = spec.healthcheck.take().map(|check| Healthcheck { test, ..check });
    }
}
