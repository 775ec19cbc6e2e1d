//! What files of an edition become.

use super::*;

const HEAD: &str = "// A file.\nedition = \"2023\";\npackage a;\n";

fn rewritten(text: &str) -> String {
    let lowered = lowered(&format!("{HEAD}{text}")).unwrap();
    let lowered = lowered.expect("an edition");
    assert_eq!(lowered.marks, None);
    let body = lowered
        .text
        .strip_prefix("// A file.\nsyntax = \"proto3\";\npackage a;\n");
    body.expect("proto3").to_owned()
}

#[test]
fn presence_and_packing_are_said_as_proto3_says_them() {
    assert_eq!(
        rewritten(
            "message M { string a = 1; repeated int32 b = 2; map<string, M> c = 3;\n oneof d { M \
             e = 4; } }\nenum E { Z = 0; }\nservice S { rpc R(M) returns (M); }\n"
        ),
        "message M { optional string a = 1; repeated int32 b = 2; map<string, M> c = 3;\n oneof \
         d { M e = 4; } }\nenum E { Z = 0; }\nservice S { rpc R(M) returns (M); }\n"
    );
    assert_eq!(
        rewritten(
            "option features.field_presence = IMPLICIT;\nmessage M { int32 a = 1;\nint32 b = 2 \
             [features.field_presence = EXPLICIT, deprecated = true]; repeated int32 c = 3 \
             [features.repeated_field_encoding =\nEXPANDED]; }\n"
        ),
        "\nmessage M { int32 a = 1;\noptional int32 b = 2 [deprecated = true]; repeated int32 c \
         = 3 [packed = false];\n }\n"
    );
}

#[test]
fn names_that_are_reserved_are_words_in_an_edition() {
    assert_eq!(
        rewritten(
            "message M { reserved 2, 4 to 6, 9 to max; reserved foo, _bar; reserved \"baz\"; }\nenum E \
             { Z = 0; reserved -5 to -1; reserved to,\nmax; }\n"
        ),
        "message M { reserved 2, 4 to 6, 9 to max; reserved \"foo\", \"_bar\"; reserved \"baz\"; }\nenum \
         E { Z = 0; reserved -5 to -1; reserved \"to\",\n\"max\"; }\n"
    );
}

#[test]
fn what_proto3_cannot_say_is_said_in_proto2() {
    for (text, expected) in [
        (
            "enum E {\n option features.enum_type = CLOSED; A = 1; }",
            "enum E {\n  A = 1; }",
        ),
        (
            "message M { int32 a = 1 [default = 7]; repeated E b = 2; repeated int32 c = 3;\n \
             string d = 4 [features.field_presence = LEGACY_REQUIRED]; oneof e { M f = 5; } \
             extensions 100 to 200; }\nextend M { string g = 100; repeated int64 h = 101; }",
            "message M { optional int32 a = 1 [default = 7]; repeated E b = 2; repeated int32 c \
             = 3 [packed = true];\n required string d = 4 ; oneof e { M f = 5; } extensions 100 \
             to 200; }\nextend M { optional string g = 100; repeated int64 h = 101 [packed = \
             true]; }",
        ),
    ] {
        let lowered = lowered(&format!("{HEAD}{text}")).unwrap().unwrap();
        assert_eq!(lowered.text, format!("{}{expected}", proto2()));
        assert_eq!(lowered.marks, None);
    }
}

fn proto2() -> String {
    HEAD.replace("edition = \"2023\"", "syntax = \"proto2\"")
}

#[test]
fn what_neither_can_say_is_marked() {
    let text = "option features.field_presence = IMPLICIT;\nmessage M {\n int32 a = 1 \
                [features.field_presence = LEGACY_REQUIRED]; int32 b = 2;\n message N { M c = 3 \
                [features.message_encoding = DELIMITED]; }\n enum E { option features.enum_type = \
                CLOSED; Z = 0; }\n oneof o { int32 d = 4; }\n repeated E e = 5 \
                [features.repeated_field_encoding = EXPANDED]; }";
    let lowered = lowered(&format!("{HEAD}{text}")).unwrap().unwrap();
    let body = lowered.text.strip_prefix(&proto2()).unwrap();
    assert_eq!(
        body,
        "\nmessage M {\n required int32 a = 1 ; optional int32 b = 2;\n message N { optional M c = 3 \
         ; }\n enum E {  Z = 0; }\n oneof o { int32 d = 4; }\n repeated E e = 5 [packed = false]; }"
    );
    let names = |all: &[&str]| all.iter().map(|it| (*it).to_owned()).collect();
    let marks = Marks {
        implicit: names(&["M.b", "M.N.c", "M.e"]),
        delimited: names(&["M.N.c"]),
        closed: names(&["M.E"]),
    };
    assert_eq!(lowered.marks, Some(marks));
}

#[test]
fn what_is_not_known_is_refused_and_other_files_are_left_alone() {
    let refused = |text: &str| lowered(&format!("{HEAD}{text}")).unwrap_err();
    assert_eq!(
        refused("message M {\n M a = 1 [features.message_encoding = BACKWARDS]; }"),
        Refusal {
            line: 5,
            column: 11,
            reason: "features.message_encoding = BACKWARDS is not understood".to_owned()
        }
    );
    assert_eq!(lowered("edition = \"2024\";").unwrap_err().line, 1);
    assert_eq!(
        lowered("syntax = \"proto3\"; // edition = \"2023\"\n"),
        Ok(None)
    );
    assert_eq!(lowered("message M { int32 edition = 1; }"), Ok(None));
}

#[test]
fn a_place_is_told_as_it_was_before() {
    let line =
        "message M { int32 a = 1 [features.field_presence = IMPLICIT, default = 7]; N b = 2; }";
    let lowered = lowered(&format!("{HEAD}{line}\n")).unwrap().unwrap();
    let now = lowered.text.lines().nth(3).unwrap();
    for word in ["message", "int32", "a =", "N b", "= 2", "}"] {
        let (now, was) = (now.find(word).unwrap(), line.find(word).unwrap());
        assert_eq!(lowered.shifts.column(3, now), was, "{word}");
    }
    // What was put there stands where it was put.
    let label = now.find("optional N").unwrap();
    assert_eq!(
        lowered.shifts.column(3, label + 3),
        line.find("N b").unwrap()
    );
}
