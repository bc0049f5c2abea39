mod reading;
mod schema;
