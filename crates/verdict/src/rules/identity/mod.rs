//! Who a service takes its visitors for.

pub(super) mod spoofable;
