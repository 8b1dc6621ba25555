"""The report: one page that a biologist reads, from plain data."""

from mousegpt_core.report.build import build_report
from mousegpt_core.report.data import Example, RecordingInfo, ReportData, StageRecord

__all__ = ["Example", "RecordingInfo", "ReportData", "StageRecord", "build_report"]
