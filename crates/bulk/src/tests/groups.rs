//! F10: groups from files and back.

use base::id::TenantId;
use model::{Change, Department, HuntGroup, HuntMethod, PickupGroup, Snapshot, apply};

use super::{TENANT, World, brief, user};
use crate::{Counts, Kind, Mode, Plan, groups};

const PICKUP: &str = "グループ番号,名称,メンバー\n1,1階,#3001#7001#\n4096,2階,\n";
const HUNT: &str = "グループ番号,名称,種別,代表内線番号,メンバー,鳴動秒,あふれ先\n\
                    1,営業,パイロット,6000,#7001#3001#,15,7002\n2,受付,,6001,,,留守番\n";
const DEPARTMENT: &str = "所属名,所属共通内線番号,マルチキャスト,ダイヤルタイムアウト,メンバー\n\
                          総務,6100,使用しない,120,#3001#7002#\n経理,6101,,,\n";

/// How groups are written.
type Rows = fn(&Snapshot, TenantId, bool) -> Vec<Vec<String>>;

fn added(count: u32) -> Counts {
    Counts { added: count, ..Counts::default() }
}

/// Plans, expects these errors, and puts what is lawful in force.
fn planned(world: &World, kind: Kind, text: &str, errors: &[&str]) -> Plan {
    let plan = world.plan_text(kind, Mode::Register, text);
    assert_eq!(brief(&plan.errors), errors, "{text}");
    plan
}

#[test]
fn groups_are_made_and_come_back_as_they_were() {
    let world = World::new();
    for (kind, text, rows) in [
        (Kind::PickupGroups, PICKUP, groups::pickup_rows as Rows),
        (Kind::HuntingGroups, HUNT, groups::hunt_rows),
        (Kind::Departments, DEPARTMENT, groups::department_rows),
    ] {
        let plan = planned(&world, kind, text, &[]);
        assert_eq!(plan.counts, added(2), "{kind:?}");
        let after = world.after(&plan);
        let out: Vec<Vec<String>> = rows(&after.snapshot, TENANT, true);
        let text: String = out.iter().map(|row| row.join(",") + "\n").collect();
        // What was written is read back, and changes nothing.
        let again = after.plan_text(kind, Mode::Update, &text);
        assert_eq!(brief(&again.errors), Vec::<String>::new(), "{text}");
        assert_eq!(again.counts, Counts { unchanged: 2, ..Counts::default() }, "{text}");
        // A second registration is refused, row by row.
        let twice = after.plan_text(kind, Mode::Register, &text);
        let column = if kind == Kind::Departments { "B" } else { "A" };
        assert_eq!(brief(&twice.errors), [format!("2 {column} 233"), format!("3 {column} 233")]);
    }
}

#[test]
fn the_columns_mean_what_they_say() {
    let world = World::new();
    let plan = planned(&world, Kind::HuntingGroups, HUNT, &[]);
    let [Change::HuntPut(first), Change::HuntPut(second)] = &plan.changes[..] else {
        panic!("{:?}", plan.changes)
    };
    assert_eq!((first.method, first.ring_s, &*first.name), (HuntMethod::Priority, 15, "営業"));
    let members: Vec<_> = first.members.iter().map(|dn| dn.text()).collect();
    assert_eq!(members, ["7001", "3001"], "in order");
    assert_eq!((second.method, second.ring_s), (HuntMethod::RoundRobin, 20));
    let plan = planned(&world, Kind::Departments, DEPARTMENT, &[]);
    let [Change::DepartmentPut(Department { ring_s, members, .. }), _] = &plan.changes[..] else {
        panic!("{:?}", plan.changes)
    };
    assert_eq!((*ring_s, members.len()), (120, 2));
}

#[test]
fn every_wrong_cell_is_named() {
    let world = World::new();
    let many = format!("3,x,#{}", "3001#".repeat(65));
    let text = format!(
        "0,x,\n4097,x,\n,x,\n{many}\n4,x,3001\n5,x,#2999#\n6,x,#20a1#\n7,x,#3001##7001#\n1,x\n\
         8,x,#3001#3001#\n9,x,\n9,x,\n"
    );
    let errors = [
        "1 A 248", "2 A 248", "3 A 211", "4 C 233", "6 C 238", "7 C 245", "8 C 245", "9 - 204",
        "10 C 233", "12 A 233",
    ];
    let plan = planned(&world, Kind::PickupGroups, &text, &errors);
    assert_eq!(brief(&plan.notes), ["5 C N04"]);
    let text = "1,x,順番,6000,,4,x\n10001,x,,,,121,\n";
    let errors = ["1 C 212", "1 F 212", "1 G 212", "2 A 248", "2 D 211", "2 F 212"];
    planned(&world, Kind::HuntingGroups, text, &errors);
    let text = ",6100,はい,601,\n総務,,,,#6000#\n";
    let errors = ["1 A 211", "1 C 212", "1 D 212", "2 B 211", "2 E 238"];
    planned(&world, Kind::Departments, text, &errors);
}

#[test]
fn more_members_than_there_may_be_are_refused() {
    for (kind, most) in [
        (Kind::PickupGroups, PickupGroup::MEMBERS_MAX),
        (Kind::HuntingGroups, HuntGroup::MEMBERS_MAX),
    ] {
        let mut world = World::new();
        let people = (0..=most)
            .map(|n| Change::UserPut(user(1_000 + n as u128, &(5_000 + n).to_string(), "")));
        let people: Vec<_> = people.collect();
        world.snapshot = apply(&world.snapshot, &people).expect("lawful");
        let all: String = (0..=most).map(|n| format!("{}#", 5000 + n)).collect();
        let text = match kind {
            Kind::PickupGroups => format!("1,x,#{all}\n"),
            _ => format!("1,x,均等,6000,#{all},,\n"),
        };
        let column = if kind == Kind::PickupGroups { "C" } else { "E" };
        planned(&world, kind, &text, &[&format!("1 {column} 246")]);
    }
}
