{{/* As flags, because a server that does not know them then ends, where it would ignore variables and show everybody everything. */}}
{{- define "owners.args" -}}
{{- with .Values.owners -}}
{{- if ne .by "auto" }}
- --owner={{ .by }}
{{- end }}
{{- if .overseer }}
- {{ printf "--overseers=%s" (include "authorization.accountNames" (dict "root" $ "role" .overseer)) | quote }}
{{- end }}
{{- with .overseerClaims }}
- {{ printf "--overseer-claims=%s" (toJson .) | quote }}
{{- end }}
{{- end -}}
{{- end -}}
