mod reading;
mod schema;
mod settings;
