"""Settings: read without ever failing, written without losing anything."""

import os
import stat
from pathlib import Path

import pytest

from escalate_daemon import config, paths
from escalate_daemon.config import CannotSet, Config, ConfigError


@pytest.fixture
def home(tmp_path: Path) -> paths.Paths:
    return paths.find({"ESCALATE_HOME": str(tmp_path)})


def test_no_files_give_the_defaults_without_a_word(home: paths.Paths) -> None:
    assert config.load(home) == (Config(), ())


def test_every_setting_is_read(home: paths.Paths) -> None:
    home.config_file.write_text(
        '[me]\nname = " Ana "\nlocation = "row B"\nphone = "4711"\nurl = "https://x.example/"\n'
        '[daemon]\nport = 4000\npeers = ["a:1", "[::1]:2"]\nlog_level = "debug"\n'
        '[escalation]\nmax_age = "2h"\nend_on_room = false\nwarn_after = 0\nput_away_after = "1h"\n'
        '[space]\njoin = "esc1-x"\n[notify]\nnotifier = "log"\nsound = false\nrepeat = "1m"\n'
        '[approach]\nrun = ["go", "a b"]\n[chat]\nopen = ["talk"]\n[hooks]\non_ring = ["ring", "--loud"]\n'
        '[quiet]\nhours = ["mon-fri  22:00-07:00"]\nmuted = ["bob@pc", "@Team"]\nallow = "ana"\n'
        '[presence]\naway_on_lock = true\naway_when_idle = "10m"\n'
        '[aliases]\nBoss = "Ana Maria"\n"the leads" = ["@leads", "@room:Blue", "eve~3f2a", "@leads"]\n'
    )
    read, warnings = config.load(home)
    assert warnings == ()
    assert read == Config(
        me=config.Me("Ana", "row B", "4711", "https://x.example/"),
        daemon=config.Daemon(4000, ("a:1", "[::1]:2"), "debug"),
        escalation=config.Escalation(7200, end_on_room=False, warn_after_s=0, put_away_after_s=3600),
        space=config.Space("esc1-x"),
        notify=config.Notify("log", sound=False, repeat_s=60),
        approach=config.Approach(("go", "a b")),
        chat=config.Chat(("talk",)),
        hooks=config.Hooks(on_ring=("ring", "--loud")),
        quiet=config.Quiet(("mon-fri 22:00-07:00",), ("bob@pc", "@Team"), ("ana",)),
        presence=config.Presence(away_on_lock=True, away_when_idle_s=600),
        aliases={"boss": ("Ana Maria",), "the leads": ("@leads", "@room:Blue", "eve~3f2a")},
    )


def test_own_file_wins_over_the_site_s_key_by_key(home: paths.Paths) -> None:
    home.site_config_file.write_text('[space]\njoin = "esc1-site"\n[daemon]\nport = 1\n')
    home.config_file.write_text("[daemon]\nport = 2\n")
    read, _ = config.load(home)
    assert (read.space.join, read.daemon.port) == ("esc1-site", 2)


@pytest.mark.parametrize("content", [b"[me", b"\xff\xfe", b"\0", b"me = 1\n[me]\n"])
def test_corrupt_file_gives_defaults_and_a_warning_that_names_it(home: paths.Paths, content: bytes) -> None:
    home.config_file.write_bytes(content)
    read, warnings = config.load(home)
    assert read == Config()
    assert any(str(home.config_file) in warning for warning in warnings)


def test_unreadable_file_gives_defaults_and_a_warning(home: paths.Paths) -> None:
    home.config_file.mkdir()
    read, warnings = config.load(home)
    assert read == Config()
    assert len(warnings) == 1


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ('[me]\nnaem = "x"', "me.name"),
        ("[demon]\nport = 1", "daemon.port"),
        ("[daemon]\nport = 70000", "65535"),
        ("[daemon]\nport = true", "65535"),
        ('[daemon]\npeers = ["a"]', "port"),
        ('[escalation]\nmax_age = "soon"', "90s, 5m"),
        ('[escalation]\nmax_age = "8d"', "7d"),
        ("[me]\nname = 3", "string"),
        ('[me]\nurl = "javascript:x"', "https"),
        ('[notify]\nsound = "loud"', "true or false"),
        ('[daemon]\nlog_level = "all"', "debug"),
        ("stray = 1", "stray"),
        ('[escalation]\nput_away_after = "off"', "90s, 5m"),
        ('[escalation]\nput_away_after = "9s"', "10s"),
        ('[notify]\nrepeat = "5s"', "at least 10s"),
        ('[notify]\nrepeat = "2h"', "at most 1h"),
        ("[notify]\nrepeat = 30", "duration"),
        ('[presence]\naway_when_idle = "1s"', "at least 30s"),
        ('[approach]\nrun = "go"', "list of strings"),
        ('[approach]\nrun = [""]', "empty"),
        ('[hooks]\non_ring = ["a\\u0000"]', "NUL"),
        ('[hooks]\non_rung = ["a"]', "hooks.on_ring"),
        ('[quiet]\nhours = ["22:00"]', "22:00-07:00"),
        ('[quiet]\nhours = ["blursday 22:00-07:00"]', "mon, tue"),
        ('[quiet]\nmuted = ["all"]', "escalate mute all"),
        ('[quiet]\nmuted = ["@"]', "empty"),
        ('[quiet]\nallow = ["-x"]', "'-'"),
        ('[aliases]\nHere = "ana"', "meaning of its own"),
        ('[aliases]\nall = "ana"', "meaning of its own"),
        ('[aliases]\n"a@b" = "ana"', "'@'"),
        ("[aliases]\nboss = 3", "names and groups"),
        ('[aliases]\nj.doe = "ana"', "names and groups"),
        (f"[aliases]\nboss = {[f'n{n}' for n in range(65)]}", "at most 64"),
    ],
)
def test_one_bad_setting_is_left_at_its_default_and_named(home: paths.Paths, content: str, says: str) -> None:
    home.config_file.write_text(f'{content}\n[space]\njoin = "esc1-x"\n')
    read, warnings = config.load(home)
    assert read == Config(space=config.Space("esc1-x"))
    assert len(warnings) == 1
    assert says in warnings[0]


def test_set_value_keeps_comments_and_reads_back(home: paths.Paths) -> None:
    home.config_file.write_text("# hello\n[daemon]\nport = 1 # fixed\n")
    config.set_value(home, "daemon.port", "2")
    config.set_value(home, "daemon.peers", "a:1, b:2")
    config.set_value(home, "notify.sound", "off")
    config.set_value(home, "escalation.max_age", "90m")
    assert home.config_file.read_text().startswith("# hello\n[daemon]\nport = 2 # fixed\n")
    read, warnings = config.load(home)
    assert warnings == ()
    assert read.daemon.peers == ("a:1", "b:2")
    assert (read.notify.sound, read.escalation.max_age_s) == (False, 5400)


def test_commands_are_typed_as_one_string_or_as_a_list(home: paths.Paths) -> None:
    config.set_value(home, "hooks.on_ring", "notify-me --loud 'two words' a,b #no-comment")
    config.set_value(home, "approach.run", '["ssh", "-t", "it\'s"]')
    config.set_value(home, "chat.open", "")
    read, warnings = config.load(home)
    assert warnings == ()
    assert read.hooks.on_ring == ("notify-me", "--loud", "two words", "a,b", "#no-comment")
    assert read.approach.run == ("ssh", "-t", "it's")
    assert read.chat.open == ()


def test_aliases_are_typed_as_words_and_compare_folded(home: paths.Paths) -> None:
    home.config_file.write_text('[aliases]\nBOSS = "old" # mine\n')
    config.set_value(home, "aliases.boss", "ana, @leads")
    config.set_value(home, "aliases.j.d\u00f6e", "'Ana Maria' [x")
    config.set_value(home, "quiet.hours", "mon-fri 22:00-07:00, sat sun 00:00-24:00")
    read, warnings = config.load(home)
    assert warnings == ()
    assert read.aliases == {"boss": ("ana", "@leads"), "j.d\u00f6e": ("Ana Maria", "[x")}
    assert read.quiet.hours == ("mon-fri 22:00-07:00", "sat sun 00:00-24:00")
    assert 'BOSS = ["ana", "@leads"] # mine\n' in home.config_file.read_text()


def test_an_empty_alias_takes_the_site_s_back(home: paths.Paths) -> None:
    home.site_config_file.write_text('[aliases]\nboss = "ana"\nlead = "eve"\n')
    config.set_value(home, "aliases.Boss", "")
    assert config.load(home)[0].aliases == {"lead": ("eve",)}


def test_what_show_gives_is_what_set_takes(home: paths.Paths) -> None:
    home.config_file.write_text(
        '[hooks]\non_ring = ["a b", "c,d", "", "\u00e9\\"", "$HOME"]\n[quiet]\nhours = ["mon-fri 22:00-07:00"]\n'
        '[aliases]\n"big boss" = ["Ana Maria", "O\'Brien", "@leads"]\n[me]\nname = "Ana, B"\n'
    )
    read = config.load(home)[0]
    home.config_file.unlink()
    for key, value in config.show(read).items():
        config.set_value(home, key, config.typed(key, value))
    assert config.load(home) == (read, ())


def test_new_file_is_private_and_an_old_one_keeps_its_mode(home: paths.Paths) -> None:
    config.set_value(home, "me.name", "Ana")
    assert stat.S_IMODE(home.config_file.stat().st_mode) == 0o600
    home.config_file.chmod(0o644)
    config.set_value(home, "me.name", "Eve")
    assert stat.S_IMODE(home.config_file.stat().st_mode) == 0o644


def test_link_to_the_file_stays_a_link(home: paths.Paths, tmp_path: Path) -> None:
    real = tmp_path / "dotfiles.toml"
    real.touch()
    home.config_file.symlink_to(real)
    config.set_value(home, "me.name", "Ana")
    assert home.config_file.is_symlink()
    assert "Ana" in real.read_text()


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("me.nmae", "x", "me.name"),
        ("zzz", "x", "known: me.name"),
        ("me.name", "@x", "@"),
        ("daemon.port", "many", "number"),
        ("notify.sound", "loud", "true or false"),
        ("hooks.on_ring", "it's", "quote"),
        ("hooks.on_ring", '["a"', "no list"),
        ("hooks.on_ring", '["a", 1]', "list of strings"),
        ("hooks.on_ring", '["a"]\nx = 1', "list of strings"),
        ("hooks.on_ring", "\udcff", "UTF-8"),
        ("alias.boss", "ana", "aliases.boss"),
        ("aliases.", "ana", "aliases.NAME"),
        ("aliases.everyone", "ana", "meaning of its own"),
        ("aliases.boss", "a~zz", "neither a name"),
    ],
)
def test_bad_set_is_refused_and_writes_nothing(home: paths.Paths, key: str, value: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        config.set_value(home, key, value)
    assert not home.config_file.exists()


def test_set_into_a_corrupt_file_is_refused_and_loses_nothing(home: paths.Paths) -> None:
    home.config_file.write_text("[me")
    with pytest.raises(CannotSet, match="mend"):
        config.set_value(home, "me.name", "x")
    assert home.config_file.read_text() == "[me"


def test_set_where_nothing_can_be_written_is_refused(home: paths.Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CannotSet, match="No space left"):
        config.set_value(home, "me.name", "x")
    assert [entry.name for entry in home.config_file.parent.iterdir() if entry.name.startswith(".config")] == []


def test_show_names_every_setting_as_set_takes_it(home: paths.Paths) -> None:
    shown = config.show(Config(daemon=config.Daemon(peers=("a:1",))))
    assert shown["me.name"] is None
    assert shown["daemon.peers"] == ["a:1"]
    assert shown["escalation.max_age"] == "8h"
    assert shown["notify.repeat"] == "off"
    assert shown["hooks.on_ring"] == []
    for key, value in shown.items():
        config.set_value(home, key, config.typed(key, value))
    assert config.load(home)[1] == ()


@pytest.mark.parametrize(
    ("environ", "name"),
    [
        ({"ESCALATE_NAME": "Eve", "LOGNAME": "ana"}, "Eve"),
        ({"LOGNAME": "ana", "USER": "bob"}, "ana"),
        ({"USER": "bob"}, "bob"),
        ({}, "somebody"),
    ],
)
def test_own_name_comes_from_the_first_that_says_one(environ: dict[str, str], name: str) -> None:
    assert config.own_name(Config(), environ) == name


def test_configured_name_wins_over_the_login() -> None:
    assert config.own_name(Config(me=config.Me("Ana")), {"LOGNAME": "x"}) == "Ana"


@pytest.mark.parametrize(("given", "seconds"), [("90s", 90), ("5m", 300), ("2h", 7200), ("7d", 604800)])
def test_duration_reads_and_writes(given: str, seconds: int) -> None:
    assert config.parse_duration(given) == seconds
    assert config.format_duration(seconds) == given


@pytest.mark.parametrize("given", ["", "5", "m", "-5m", "0s", "5 m", "1h30m", "\uff15m", "9999999999s"])
def test_bad_duration_is_refused(given: str) -> None:
    with pytest.raises(ConfigError, match="90s, 5m"):
        config.parse_duration(given)
