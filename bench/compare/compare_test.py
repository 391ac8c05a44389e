#!/usr/bin/env python3
"""The pure parts of the comparison: slopes, plots, verdicts, what counts as a change, what goes into documents."""

import os
import sys
import unittest
import xml.dom.minidom

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from compare import document, history, plot, report, slope  # noqa: E402
from compare.finding import Aim, Finding, Spread  # noqa: E402


def law(points, most=slope.FLAT):
    return slope.Law("a-law", "a & b", "things", "us", most, points)


class Slopes(unittest.TestCase):
    def test_exponent_of_powers(self):
        for power in (0, 0.5, 1, 2, -1):
            points = [(x, 3 * x ** power) for x in (1, 10, 300, 4000)]
            self.assertAlmostEqual(slope.exponent(points), power)

    def test_one_outlier_does_not_make_a_flat_cost_steep(self):
        self.assertLess(slope.exponent([(1, 10), (100, 12), (10_000, 10)]), 0.05)

    def test_one_size_has_no_slope(self):
        with self.assertRaises(ValueError):
            slope.exponent([(5, 1), (5, 2)])

    def test_laws(self):
        self.assertTrue(law([(10, 20), (1000, 25)]).kept)
        scan = law([(10, 20), (1000, 200)])
        self.assertEqual((scan.verdict, scan.growth), ("BROKEN", 10))
        self.assertTrue(law([(10, 20), (1000, 200)], slope.LINEAR).kept)
        self.assertFalse(law([(1, 10), (1000, 10)], slope.FALLING).kept)


class Plots(unittest.TestCase):
    def test_axes_enclose_the_values_in_whole_decades(self):
        self.assertEqual(plot.decades([20, 300]), [1, 3])
        self.assertEqual(plot.decades([100, 1000]), [2, 3])
        self.assertEqual(plot.decades([5, 5]), [0, 1])
        self.assertEqual(plot.decades([100]), [2, 3])
        self.assertEqual(plot.decades([0.02, 0.3]), [-2, 0])

    def test_places_are_logarithmic(self):
        self.assertEqual(plot.place(10, [0, 2], 100, 200), 150)
        self.assertEqual(plot.place(1, [0, 2], 300, 40), 300)
        self.assertEqual(plot.place(100, [0, 2], 300, 40), 40)

    def test_numbers_are_short(self):
        self.assertEqual([plot.number(n) for n in (0.01, 5, 1000, 2_500_000)], ["0.01", "5", "1k", "2.5M"])

    def test_a_plot_is_well_formed_and_stays_in_its_frame(self):
        found = law([(1, 0.5), (1000, 70)]).to_json()
        picture = xml.dom.minidom.parseString(plot.svg(found))
        circles = picture.getElementsByTagName("circle")
        self.assertEqual(len(circles), 2)
        for circle in circles:
            self.assertTrue(plot.LEFT <= float(circle.getAttribute("cx")) <= plot.WIDTH)
            self.assertTrue(plot.TOP <= float(circle.getAttribute("cy")) <= plot.HEIGHT)


class Findings(unittest.TestCase):
    def test_ratios_are_those_of_neighbours(self):
        found = Finding("1", "w", "/s", [10, 20, 30], [10, 10, 10], "peer", [20, 40, 60], Aim(1.5))
        self.assertEqual(found.ratio, Spread(1, 2, 3))
        self.assertEqual(found.limit_share, 0.5)
        self.assertEqual(found.verdict, "reached")

    def test_less_can_be_better(self):
        slow = Finding("14", "w", "ms", [80], aim=Aim(60, "value", more=False), more=False)
        self.assertEqual((slow.reached, slow.verdict), (False, "MISSED, 75% of the aim"))
        self.assertTrue(Finding("12", "w", "us", [-0.1], aim=Aim(2, "value", more=False), more=False).reached)

    def test_an_aim_of_a_value_does_not_look_at_the_peer(self):
        found = Finding("14", "w", "ms", [50], [1], "peer", aim=Aim(60, "value", more=False), more=False)
        self.assertEqual(found.judged, Spread(50, 50, 50))
        self.assertTrue(found.reached)


class Changes(unittest.TestCase):
    def test_overlapping_spreads_are_noise(self):
        self.assertEqual(history.change([1.0, 1.2, 1.4], [1.3, 1.5, 1.7], more=True), "")

    def test_spreads_apart_are_not(self):
        self.assertEqual(history.change([1.0, 1.1, 1.2], [1.3, 1.5, 1.7], more=True), "worse")
        self.assertEqual(history.change([1.0, 1.1, 1.2], [1.3, 1.5, 1.7], more=False), "better")
        self.assertEqual(history.change([2.0, 2.1, 2.2], [1.3, 1.5, 1.7], more=True), "better")

    def test_little_is_not_worth_a_word(self):
        self.assertEqual(history.change([100, 100, 100], [98, 98, 98], more=True), "")

    def test_findings_are_compared_with_the_same_work(self):
        def found(work, value):
            return Finding("1", work, "/s", [value]).to_json()
        now = [found("a", 50), found("b", 50)]
        history.mark(now, [found("a", 100), found("c", 100)])
        self.assertEqual([n.get("change") for n in now], ["worse", None])
        self.assertIn("worse than before", report.table(now)[2])


    def test_what_was_not_measured_again_is_kept_in_its_place(self):
        kept = [{"goal": goal, "n": 1} for goal in ("1", "1", "2", "3")]
        merged = history.merge([{"goal": "4", "n": 2}, {"goal": "1", "n": 2}], kept, ("goal",))
        self.assertEqual([(found["goal"], found["n"]) for found in merged], [("1", 2), ("2", 1), ("3", 1), ("4", 2)])


class Documents(unittest.TestCase):
    def test_only_marked_parts_are_replaced(self):
        text = "by hand\n<!-- measured: goals -->\nold\n<!-- end -->\nmore"
        self.assertEqual(document.fill(text, {"goals": ["new"]}),
                         "by hand\n<!-- measured: goals -->\n\nnew\n\n<!-- end -->\nmore")

    def test_filling_twice_changes_nothing(self):
        once = document.fill("<!-- measured: a --><!-- end -->", {"a": ["x"]})
        self.assertEqual(document.fill(once, {"a": ["x"]}), once)

    def test_a_part_without_a_marker_is_told(self):
        with self.assertRaises(ValueError):
            document.fill("nothing here", {"goals": ["new"]})

    def test_what_was_missed_is_said(self):
        found = Finding("14", "start", "ms", [80], aim=Aim(60, "value", more=False), more=False).to_json()
        self.assertEqual(document.missed({"findings": [found]}),
                         ["- Goal 14, start: 75% of the aim (<= 60.00; 80.00 / 80.00 / 80.00)."])


if __name__ == "__main__":
    unittest.main()
