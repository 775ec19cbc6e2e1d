//! Arbitrary text to everything that parses text.

#![no_main]

use aip::{Filter, Requester, Sort, token};
use libfuzzer_sys::fuzz_target;
use service::order::{Order, OrderId, OrderState};

fuzz_target!(|texts: (&str, &str)| {
    let (text, other) = texts;
    let _ = text.parse::<OrderId>().map(|id| {
        assert_eq!(id.to_string().parse(), Ok(id));
    });
    let _ = text.parse::<OrderState>();
    let by = Requester::default();
    let sort = Sort::parse(other).unwrap_or_default();
    let filter = Filter::parse::<Order>(text).unwrap_or_default();
    assert_eq!(
        Filter::parse::<Order>(&filter.to_string()),
        Ok(filter.clone())
    );
    if let Ok(last) = token::parse_page(other, &by, &filter, sort) {
        let again = token::page(&by, &filter, sort, last);
        assert_eq!(token::parse_page(&again, &by, &filter, sort), Ok(last));
    }
    if let Ok(position) = token::parse_watch(other, &by, &filter) {
        let again = token::watch(&by, &filter, position);
        assert_eq!(token::parse_watch(&again, &by, &filter), Ok(position));
    }
});
