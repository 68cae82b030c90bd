from friendbot import charts


def test_years_with_all_their_numbers() -> None:
    assert charts.years({2019: 412, 2020: 1203, 2021: 2310, 2022: 0, 2023: 12}, 80) == [
        "              2,310",
        "       1,203  ████",
        "412    ▄▄▄▄   ████          12",
        "▄▄▄▄   ████   ████   ····   ▁▁▁▁",
        "2019   2020   2021   2022   2023",
    ]


def test_many_years_have_the_highest_number_alone() -> None:
    counts = {year: 1000 * (year % 4) + 1 for year in range(2006, 2020)}
    assert charts.years(counts, 60, height=2) == [
        "   3,001",
        "▃▃ ██       ▃▃ ██       ▃▃ ██       ▃▃ ██",
        "██ ██ ▁▁ ▅▅ ██ ██ ▁▁ ▅▅ ██ ██ ▁▁ ▅▅ ██ ██",
        "06 07 08 09 10 11 12 13 14 15 16 17 18 19",
    ]
    assert charts.years(counts, 82, height=1)[-1].startswith("2006  2007  2008  ")


def test_in_ascii() -> None:
    assert charts.years({2019: 1, 2020: 2, 2021: 0}, 80, height=2, plain=True) == [
        "      2",
        "1     ####",
        "####  ####  ....",
        "2019  2020  2021",
    ]
    assert charts.spark([0, 1, 50, 99], plain=True) == ".159"
    assert charts.bar(1, 3, 6, plain=True) == "##    "


def test_few_are_not_none() -> None:
    assert charts.spark([0, 1, 500, 1000], each=2) == "··▁▁▄▄██"
    assert charts.spark([0, 0]) == "··"
    assert charts.bar(1, 1000, 4) == "▏   "
    assert charts.bar(0, 1000, 4) == "    "
    assert charts.bar(1000, 1000, 4) == "████"
