from django.urls import path

from risks.views import levels, risk, risk_changes

urlpatterns = [
    path("<str:public_id>/", risk.risk, name="risk"),
    path("<str:public_id>/change/", risk_changes.change, name="risk_change"),
    path("<str:public_id>/review/", risk_changes.review, name="risk_review"),
    path("<str:public_id>/controls/link/", risk_changes.link_control, name="risk_link_control"),
    path("<str:public_id>/controls/<int:pk>/unlink/", risk_changes.unlink_control, name="risk_unlink_control"),
    path("<str:public_id>/findings/link/", risk_changes.link_findings, name="risk_link_findings"),
    path("<str:public_id>/findings/<int:pk>/unlink/", risk_changes.unlink_findings, name="risk_unlink_findings"),
    path("<str:public_id>/close/", risk_changes.close, name="risk_close"),
    path("<str:public_id>/close/confirm/", risk_changes.close_confirm, name="risk_close_confirm"),
    path("<str:public_id>/close/reject/", risk_changes.close_reject, name="risk_close_reject"),
    path("<str:public_id>/reopen/", risk_changes.reopen, name="risk_reopen"),
    path("<str:public_id>/take/", levels.take, name="risk_take"),
    path("<str:public_id>/level/<str:kind>/", levels.state, name="risk_level"),
    path("<str:public_id>/levels/<str:level>/confirm/", levels.confirm, name="risk_level_confirm"),
    path("<str:public_id>/levels/<str:level>/decline/", levels.decline, name="risk_level_decline"),
]
