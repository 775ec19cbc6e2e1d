{{/* Of the Service that callers know. */}}
{{- define "service.meshLabels" -}}
{{- if include "mesh.ambient" . -}}
istio.io/use-waypoint: {{ include "mesh.waypoint" . }}
# Else a gateway would go around it, past its tokens and roles.
istio.io/ingress-use-waypoint: "true"
{{- else if and (include "mesh.linkerd" .) .Values.mesh.linkerd.export -}}
mirror.linkerd.io/exported: "true"
{{- end -}}
{{- end -}}

{{/* The user's, and Linkerd's circuit breaking, which sits on the Service. */}}
{{- define "service.annotations" -}}
{{- with .Values.service.annotations }}
{{- toYaml . }}
{{- end }}
{{- with .Values.circuitBreaking }}
{{- if and .enabled (include "mesh.linkerd" $) }}
balancer.linkerd.io/failure-accrual: consecutive
balancer.linkerd.io/failure-accrual-consecutive-max-failures: {{ .consecutiveErrors | quote }}
balancer.linkerd.io/failure-accrual-consecutive-min-penalty: {{ .baseEjection }}
balancer.linkerd.io/failure-accrual-consecutive-max-penalty: {{ .maxEjection }}
{{- end }}
{{- end }}
{{- end -}}
