//! Policy beside .proto files that are taken in.

use std::fs;
use std::path::{Path, PathBuf};

use tool::command::{add_upstream, adopt};

use super::stage::Service;

/// A folder with .proto files and policy of somebody else's.
struct Theirs(tempfile::TempDir);

impl Theirs {
    fn new(files: &[(&str, &str)]) -> Self {
        let theirs = Self(tempfile::tempdir().unwrap());
        for (path, text) in files {
            theirs.write(path, text);
        }
        theirs
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

/// `shop.NAME.v1.NameService` with one rpc.
fn proto(name: &str) -> String {
    let capital = name[..1].to_uppercase() + &name[1..];
    format!(
        "syntax = \"proto3\";\npackage shop.{name}.v1;\nservice {capital}Service {{ rpc Get(M) \
         returns (M); }}\nmessage M {{}}\n"
    )
}

fn policy(service: &str, caller: &str) -> String {
    format!(
        "# Of {service}.\nservice {{\n  name: \"{service}\"\n  policy {{ default {{ \
         allowed_callers: \"{caller}\" }} }}\n}}\n"
    )
}

fn adopted(service: &Service, paths: &[PathBuf]) -> Vec<String> {
    adopt(&service.project(), paths, &[]).unwrap().left
}

fn refused(service: &Service, paths: &[PathBuf]) -> String {
    let before = service.files();
    let error = adopt(&service.project(), paths, &[])
        .unwrap_err()
        .to_string();
    assert!(service.files() == before, "something was left behind");
    error
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

#[test]
fn a_policy_beside_a_file_goes_with_it() {
    let theirs_says = policy("shop.cart.v1.CartService", "shopper");
    for place in [
        "policy.txtpb",
        "shop/policy.txtpb",
        "shop/cart/v1/policy.txtpb",
    ] {
        let (service, theirs) = (
            Service::new(),
            Theirs::new(&[
                ("shop/cart/v1/cart.proto", &proto("cart")),
                (place, &theirs_says),
            ]),
        );
        for asked in ["shop/cart/v1/cart.proto", "", "shop/cart/v1/cart.proto"] {
            let left = adopted(&service, &[theirs.path(asked)]);
            assert_eq!(left, Vec::<String>::new());
            assert_eq!(
                service.read("proto/policy.txtpb"),
                theirs_says,
                "{place}, {asked}"
            );
        }
        let chart = service.read("helm/files/contract.yaml");
        assert!(chart.contains("shopper"), "{chart}");
    }
}

#[test]
fn policies_of_several_folders_are_put_together() {
    let service = Service::new();
    let mine = policy("shop.mine.v1.MineService", "me") + "# The end.";
    service.write("proto/mine.proto", &proto("mine"));
    service.write("proto/policy.txtpb", &mine);
    let files = ["cart", "stock"].map(|name| {
        let full = format!(
            "shop.{name}.v1.{}Service",
            name[..1].to_uppercase() + &name[1..]
        );
        (
            [
                format!("{name}/{name}.proto"),
                format!("{name}/policy.txtpb"),
            ],
            [proto(name), policy(&full, name)],
        )
    });
    let theirs = Theirs::new(&[]);
    for ([file, beside], [proto, policy]) in &files {
        theirs.write(file, proto);
        theirs.write(beside, policy);
    }
    adopted(&service, &["cart", "stock"].map(|it| theirs.path(it)));
    let expected = format!("{mine}\n{}{}", files[0].1[1], files[1].1[1]);
    assert_eq!(service.read("proto/policy.txtpb"), expected);
    let chart = service.read("helm/files/contract.yaml");
    assert!(chart.contains("cart") && chart.contains("stock"), "{chart}");
}

#[test]
fn of_a_common_policy_that_comes_which_is_about_what_comes() {
    let both = format!(
        "# Ours.\n\n{}\n{}",
        policy("shop.cart.v1.CartService", "shopper"),
        policy("shop.stock.v1.StockService", "keeper")
    );
    let (service, theirs) = (
        Service::new(),
        Theirs::new(&[
            ("cart.proto", &proto("cart")),
            ("stock.proto", &proto("stock")),
            ("policy.txtpb", &both),
        ]),
    );
    let left = adopted(&service, &[theirs.path("stock.proto")]);
    assert_eq!(
        service.read("proto/policy.txtpb").trim_start(),
        policy("shop.stock.v1.StockService", "keeper")
    );
    let file = shown(&theirs.path("policy.txtpb"));
    assert_eq!(
        left,
        [format!(
            "{file}:5:9: the policy of shop.cart.v1.CartService stays there, as the .proto that \
             declares it does"
        )]
    );
    adopted(&service, &[theirs.path("cart.proto")]);
    let all = service.read("proto/policy.txtpb");
    assert_eq!(all.matches("service {").count(), 2, "{all}");
    // A service that no .proto declares is a slip, and leaves open what was to be closed.
    theirs.write("policy.txtpb", &both.replace("CartS", "CardS"));
    assert_eq!(
        refused(&Service::new(), &[theirs.path("cart.proto")]),
        format!(
            "{file}:5:9: shop.cart.v1.CardService: neither what is taken in nor a .proto beside \
             policy.txtpb declares such a service; write package.Service of one of \
             shop.cart.v1.CartService"
        )
    );
}

#[test]
fn a_service_has_one_policy() {
    let (service, theirs) = (
        Service::new(),
        Theirs::new(&[
            ("cart.proto", &proto("cart")),
            (
                "policy.txtpb",
                &policy("shop.cart.v1.CartService", "shopper"),
            ),
        ]),
    );
    let mine = policy("shop.cart.v1.CartService", "anyone");
    service.write("proto/policy.txtpb", &format!("\n{mine}"));
    let file = shown(&theirs.path("policy.txtpb"));
    let asked = [theirs.path("cart.proto")];
    assert_eq!(
        refused(&service, &asked),
        format!(
            "{file}:3:9: shop.cart.v1.CartService has another policy in proto/policy.txtpb:4:9, and \
             only one can hold; say it in one of them, or the same in both"
        )
    );
    // One in the .proto counts too.
    let service = Service::new();
    let annotated = proto("cart").replace(
        "{ rpc",
        "{ option (mesh.v1.service) = { default: { allowed_callers: \"me\" } }; rpc",
    );
    let annotated = annotated.replace("\nservice", "\nimport \"mesh/v1/policy.proto\";\nservice");
    theirs.write("cart.proto", &annotated);
    let error = refused(&service, &asked);
    let said = "say it in one place";
    assert!(
        error.contains("cart.proto:4:1") && error.contains(said),
        "{error}"
    );
}

#[test]
fn what_is_wrong_in_a_policy_beside_is_told_of_the_file_that_has_it() {
    let service = Service::new();
    let mine = policy("shop.mine.v1.MineService", "me");
    service.write("proto/mine.proto", &proto("mine"));
    service.write("proto/policy.txtpb", &mine);
    let cart = policy("shop.cart.v1.CartService", "shopper");
    let theirs = Theirs::new(&[("cart.proto", &proto("cart"))]);
    let file = theirs.path("policy.txtpb");
    let mut told = Vec::new();
    for (from, to) in [
        ("allowed_callers", "alowed_callers"),
        ("\"shopper\"", "\"Shop per\""),
        ("}\n}", "}\n  method { name: \"Put\" }\n}"),
    ] {
        fs::write(&file, cart.replacen(from, to, 1)).unwrap();
        told.push(refused(&service, &[theirs.path("cart.proto")]));
    }
    for (error, place) in told.iter().zip(["4:22: ", "3:9: ", "5:18: "]) {
        let begin = format!("{}:{place}", shown(&file));
        assert!(error.starts_with(&begin), "{error}\n is not\n{begin}");
    }
}

#[test]
fn the_policy_of_an_upstream_comes_too() {
    let theirs = Theirs::new(&[
        ("cart.proto", &proto("cart")),
        (
            "policy.txtpb",
            &policy("shop.cart.v1.CartService", "shopper"),
        ),
    ]);
    let service = Service::new();
    service.adopt(&["kinds"], &[]).unwrap();
    add_upstream(
        &service.project(),
        "carts",
        &[theirs.path("cart.proto")],
        &[],
    )
    .unwrap();
    let taken = service.read("proto/policy.txtpb");
    assert!(taken.contains("shop.cart.v1.CartService"), "{taken}");
}
