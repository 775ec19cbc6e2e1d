use serde_json::json;

use super::*;

fn told(by: &str, request: Request<()>) -> Result<String, Code> {
    let mut request = request;
    let tenants = Tenants {
        by: by.parse().unwrap(),
        home: TrustDomain::default(),
        callers: Some("shop/web,ops/*".parse().unwrap()),
        #[cfg(feature = "rates")]
        rate: None,
    };
    let admitted = tenants.admit(&mut request);
    let tenant = request.extensions().get::<Tenant>();
    assert_eq!(admitted.as_ref().ok(), tenant);
    let admitted = admitted.map_err(|status| status.code())?;
    Ok(admitted.to_string())
}

fn called_by(id: &str) -> Request<()> {
    let mut request = Request::new(());
    if let Some(caller) = Caller::named(id) {
        request.extensions_mut().insert(caller);
    }
    request
}

#[test]
fn a_claim_says_it() {
    let of = |claims: serde_json::Value| {
        let mut request = Request::new(());
        let claims = Claims::new(claims.as_object().cloned().unwrap());
        request.extensions_mut().insert(claims);
        told("claim:org", request)
    };
    assert_eq!(of(json!({"org": "shop"})), Ok("shop".to_owned()));
    for wrong in [
        json!({}),
        json!({"other": "shop"}),
        json!({"org": ""}),
        json!({"org": ["shop"]}),
        json!({"org": 7}),
        json!({"org": "shop other"}),
        json!({"org": "shop/other"}),
        json!({"org": "a".repeat(129)}),
    ] {
        assert_eq!(of(wrong), Err(Code::PermissionDenied));
    }
    let none = told("claim:org", Request::new(()));
    assert_eq!(none, Err(Code::PermissionDenied));
}

#[test]
fn a_namespace_says_it_in_its_trust_domain() {
    let of = |id: &str| told("namespace", called_by(id));
    let shop = Ok("shop".to_owned());
    assert_eq!(of("spiffe://cluster.local/ns/shop/sa/page"), shop);
    assert_eq!(
        of("web.shop.serviceaccount.identity.linkerd.cluster.local"),
        shop
    );
    assert_eq!(
        of("spiffe://evil.test/ns/shop/sa/page"),
        Err(Code::PermissionDenied)
    );
    assert_eq!(of("somebody"), Err(Code::PermissionDenied));
    assert_eq!(of(""), Err(Code::Unauthenticated));
}

#[test]
fn a_header_says_it_of_those_that_may_speak_for_tenants() {
    const WEB: &str = "spiffe://cluster.local/ns/shop/sa/web";
    let of = |id: &str, said: &[&'static str]| {
        let mut request = called_by(id);
        for tenant in said {
            let value = http::HeaderValue::from_bytes(tenant.as_bytes()).unwrap();
            request.headers_mut().append(HEADER, value);
        }
        told("header", request)
    };
    let one = Ok("one".to_owned());
    assert_eq!(of(WEB, &["one"]), one);
    assert_eq!(of("spiffe://cluster.local/ns/ops/sa/any", &["one"]), one);
    for said in [&[][..], &["one", "one"], &[""], &["one other"], &["\u{e9}"]] {
        assert_eq!(of(WEB, said), Err(Code::PermissionDenied), "{said:?}");
    }
    // Whoever else says it, it is an invention.
    for stranger in [
        "spiffe://cluster.local/ns/shop/sa/page",
        "spiffe://cluster.local/ns/one/sa/web",
        "spiffe://evil.test/ns/shop/sa/web",
        "somebody",
    ] {
        let refused = of(stranger, &["one"]);
        assert_eq!(refused, Err(Code::PermissionDenied), "{stranger}");
    }
    assert_eq!(of("", &["one"]), Err(Code::Unauthenticated));
    // Nor does it count where something else says it.
    let mut request = called_by("spiffe://cluster.local/ns/other/sa/web");
    let value = http::HeaderValue::from_static("one");
    request.headers_mut().insert(HEADER, value);
    assert_eq!(told("namespace", request), Ok("other".to_owned()));
}
